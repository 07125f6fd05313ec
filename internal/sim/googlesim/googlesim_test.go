package googlesim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestASelectionOfFieldsLeavesWhatItNames(t *testing.T) {
	var body any
	if err := json.Unmarshal([]byte(`{"kind": "k", "next": "t", "users": [{"id": "1", "name": {"fullName": "A B", "givenName": "A"}, "etag": "e"}, {"id": "2"}]}`), &body); err != nil {
		t.Fatal(err)
	}
	for fields, want := range map[string]string{
		"":                                    `{"kind":"k","next":"t","users":[{"etag":"e","id":"1","name":{"fullName":"A B","givenName":"A"}},{"id":"2"}]}`,
		"kind":                                `{"kind":"k"}`,
		"kind,users(id,name/fullName)":        `{"kind":"k","users":[{"id":"1","name":{"fullName":"A B"}},{"id":"2"}]}`,
		"users/id,next":                       `{"next":"t","users":[{"id":"1"},{"id":"2"}]}`,
		"users(name/givenName,name/fullName)": `{"users":[{"name":{"fullName":"A B","givenName":"A"}},{}]}`,
		"nothing":                             `{}`,
	} {
		some, err := selectFields(body, fields)
		if err != nil {
			t.Errorf("%s: %v", fields, err)
			continue
		}
		got, err := json.Marshal(some)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", fields, diff)
		}
	}
	for _, fields := range []string{",", "users(", "users(id", "users)", "users/", "a,,b", "users//id"} {
		if _, err := selectFields(body, fields); err == nil {
			t.Errorf("%q is taken", fields)
		}
	}
}

func TestASearchIsUnderstoodAsTheGuidesSay(t *testing.T) {
	ana := &User{Email: "ana@example.com", Aliases: []string{"reis@example.com"}, Given: "Ana", Family: "Reis", Unit: "/Staff/Paul's", Suspended: true,
		Custom: map[string]map[string]any{"Doors": {"floor": 3}}}
	for text, want := range map[string]bool{
		"": true, "email:ana*": true, "email=ana@example.com": true, "email:reis*": true, "email:bo*": false, "name:reis": true, "name='Ana Reis'": true, "givenName:Re*": false,
		"orgUnitPath='/Staff'": true, "orgUnitPath=/": true, `orgUnitPath='/Staff/Paul\'s'`: true, "orgUnitPath=/Sta": false,
		"isSuspended=true": true, "isSuspended=false": false, "Doors.floor=3": true, "Doors.room=3": false, "email:ana* isArchived=true": false,
	} {
		q, err := parseQuery(text)
		if err != nil || q.match(ana) != want {
			t.Errorf("%q: %v, %v", text, q.match(ana), err)
		}
	}
	for _, text := range []string{"ana", "=x", "email:", "name='Ana"} {
		if _, err := parseQuery(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// ask sends one call to a Sim, with a token of the administrator's for everything.
func ask(s *Sim, address string) (int, string) {
	s.mu.Lock()
	token := s.issue(&grant{subject: Admin, scopes: []string{UserScope, GroupScope, UnitScope}})
	s.mu.Unlock()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestWhatGoogleRefusesIsRefused(t *testing.T) {
	s := New(nil)
	s.AddUser(User{Email: "ana@example.com"})
	_, first := ask(s, "/admin/directory/v1/users?customer=my_customer&maxResults=1")
	var page struct{ NextPageToken string }
	if err := json.Unmarshal([]byte(first), &page); err != nil || page.NextPageToken == "" {
		t.Fatalf("%v: %s", err, first)
	}
	token := url.QueryEscape(page.NextPageToken)
	for address, want := range map[string]int{
		"users?customer=my_customer": 200, "users?domain=example.com": 200, "users": 400, "users?customer=my_customer&domain=example.com": 400, "users?customer=C0other": 404,
		"users?customer=my_customer&maxResults=501": 400, "users?customer=my_customer&maxResults=0": 400, "users?customer=my_customer&customFieldMask=Doors": 400,
		"users?customer=my_customer&maxResults=1&pageToken=" + token: 200, "users?customer=my_customer&maxResults=2&pageToken=" + token: 400, "users?customer=my_customer&pageToken=x": 400,
		"users?customer=my_customer&fields=users(": 400, "groups?customer=my_customer&maxResults=201": 400, "groups/none/members": 404, "customer/my_customer/orgunits?orgUnitPath=/none": 404,
	} {
		if code, body := ask(s, "/admin/directory/v1/"+address); code != want {
			t.Errorf("%s: %d %s", address, code, body)
		}
	}
	s.ExpirePages()
	if code, _ := ask(s, "/admin/directory/v1/users?customer=my_customer&maxResults=1&pageToken="+token); code != 400 {
		t.Errorf("an expired page answers %d", code)
	}
}

// A page after the last one has no rows, and the list no name: Google leaves out what is empty.
func TestAnEmptyListIsNotThere(t *testing.T) {
	s := New(nil)
	if code, body := ask(s, "/admin/directory/v1/groups?customer=my_customer&fields=kind,groups"); code != 200 || body != `{"kind":"admin#directory#groups"}` {
		t.Errorf("%d %s", code, body)
	}
}

// A contract that finds no fault proves nothing.
func TestTheContractComplainsOfWhatTheDocumentDoesNotSay(t *testing.T) {
	c := &Contract{methods: map[string]discovered{"m": {Parameters: map[string]parameter{
		"n": {Type: "integer", Location: "query", Minimum: "1", Maximum: "5"}, "e": {Type: "string", Location: "query", Enum: []string{"a"}}, "b": {Type: "boolean", Location: "query"},
		"p": {Type: "string", Location: "query", Pattern: "C.+"}, "id": {Type: "string", Location: "path", Required: true}}}},
		schemas: map[string]schema{"S": {Type: "object", Properties: map[string]schema{"s": {Type: "string"}, "l": {Type: "array", Items: &schema{Type: "boolean"}}, "i": {Type: "integer"}, "x": {Type: "any"}}}}}
	m := c.methods["m"]
	m.Response.Ref = "S"
	c.methods["m"] = m
	for query, want := range map[string]string{
		"n=3&e=a&b=true&p=C1": "", "n=6": "out of range", "n=x": "out of range", "e=b": "none of", "b=yes": "no boolean", "p=D": "does not match", "z=1": "no parameter z", "n=1&n=2": "2 times",
	} {
		s := New(nil)
		r := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
		r.SetPathValue("id", "1")
		c.request(s.Front, "m", r)
		complains(t, s, query, want)
	}
	for body, want := range map[string]string{
		`{"s": "", "l": [true], "i": 3, "x": {"y": 1}}`: "", `{"s": 1}`: "no string", `{"l": [1]}`: "no boolean", `{"l": {}}`: "no array", `{"i": 1.5}`: "no integer", `{"z": 1}`: "no field z", `[]`: "no object",
	} {
		s := New(nil)
		c.answer(s.Front, "m", json.RawMessage(body))
		complains(t, s, body, want)
	}
}

func complains(t *testing.T, s *Sim, of, want string) {
	t.Helper()
	got := s.Complaints()
	if (want == "") != (len(got) == 0) || want != "" && !slices.ContainsFunc(got, func(c string) bool { return strings.Contains(c, want) }) {
		t.Errorf("%s: complaints are %q, want %q", of, got, want)
	}
}
