package scim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func refusal(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return "none"
	}
	return string(e.Type)
}

func TestABodyIsOneObjectWithinLimits(t *testing.T) {
	limits := Limits{Bytes: 200, Depth: 3}
	for body, want := range map[string]string{
		`{}`: "", ` {"a":[{"b":1}]} `: "", "\ufeff{}": "",
		``: "invalidSyntax", `[]`: "invalidSyntax", `"a"`: "invalidSyntax", `{"a":1}{`: "invalidSyntax", `{"a":1} x`: "invalidSyntax", `{"a":1,}`: "invalidSyntax", `{"a" 1}`: "invalidSyntax", `{a:1}`: "invalidSyntax",
		`{"a":1,"a":2}`: "invalidSyntax", `{"active":true,"Active":false}`: "invalidSyntax", `{"a":{"b":1,"B":1}}`: "invalidSyntax", `{"a":[[[1]]]}`: "invalidSyntax", "{\"a\":\"\xff\"}": "invalidSyntax", `{"a":01}`: "invalidSyntax", `{"a":"` + "\n" + `"}`: "invalidSyntax", `{"a":`: "invalidSyntax", `{"a":NaN}`: "invalidSyntax",
	} {
		got := ""
		if _, err := Decode([]byte(body), limits); err != nil {
			got = refusal(err)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", body, got, want)
		}
	}
	var e *Error
	if _, err := Decode([]byte(`{"a":"`+strings.Repeat("x", 200)+`"}`), limits); !errors.As(err, &e) || e.Status != 413 {
		t.Errorf("a large body: got %v, want a 413", err)
	}
	if _, err := Decode([]byte(strings.Repeat(`{"a":`, 1<<20)), Limits{}); refusal(err) != "invalidSyntax" {
		t.Errorf("a deep body: got %v", err)
	}
	if _, err := Decode([]byte(`{"a":1`+strings.Repeat("0", maxNumber)+`}`), Limits{}); refusal(err) != "invalidSyntax" {
		t.Errorf("a number without end: got %v", err)
	}
	many := `{`
	for i := range 40 {
		many += `"a` + string(rune('A'+i%26)) + strings.Repeat("x", i/26) + `":1,`
	}
	if _, err := Decode([]byte(many+`"AA":2}`), Limits{}); refusal(err) != "invalidSyntax" {
		t.Errorf("a name twice among many: got %v", err)
	}
}

func TestOrderSpellingAndNumbersAreKept(t *testing.T) {
	const text = `{"b":1.50,"A":12345678901234567890,"c":[true,null,"<&\u2028é\"\\"],"d":{"z":{},"y":[]}}`
	if got := resource(t, text).String(); got != text {
		t.Errorf("got %s, want %s", got, text)
	}
	if r := resource(t, text); r.Get("a") != json.Number("12345678901234567890") || r.Get("C") == nil || r.Get("x") != nil {
		t.Errorf("names are not found in any case: %v", r)
	}
}

// RFC 7644 section 3.3, RFC 7643 sections 2 and 3.
func TestAPostKeepsWhatTheSchemaKnows(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"names are spelled as the schema has them": {`{"USERNAME":"b","Name":{"GIVENNAME":"B"}}`, `{"userName":"b","name":{"givenName":"B"}}`},
		"read-only attributes are ignored":         {`{"userName":"b","id":"9","meta":{"version":"x"},"groups":[{"value":"g"}]}`, `{"userName":"b"}`},
		"passwords are not kept":                   {`{"userName":"b","password":"t1meMa$heen"}`, `{"userName":"b"}`},
		"null and empty are unassigned":            {`{"userName":"b","title":null,"emails":[],"name":{},"phoneNumbers":[null,{}]}`, `{"userName":"b"}`},
		"unknown attributes are dropped":           {`{"userName":"b","shoeSize":42,"name":{"givenName":"B","x":1}}`, `{"userName":"b","name":{"givenName":"B"}}`},
		"strings for booleans":                     {`{"userName":"b","active":"False"}`, `{"userName":"b","active":false}`},
		"one value for a list":                     {`{"userName":"b","emails":{"value":"b@x.org"}}`, `{"userName":"b","emails":[{"value":"b@x.org"}]}`},
		"a value twice is one":                     {`{"userName":"b","emails":[{"value":"b@x.org","type":"work"},{"value":"B@x.org"},{"value":"b@x.org","type":"home"}]}`, `{"userName":"b","emails":[{"value":"B@x.org","type":"work"},{"value":"b@x.org","type":"home"}]}`},
		"a list of strings":                        {`{"userName":"b","emails":["b@x.org"]}`, `{"userName":"b","emails":[{"value":"b@x.org"}]}`},
		"no userName":                              {`{"displayName":"b"}`, "invalidValue"},
		"an empty userName":                        {`{"userName":""}`, "invalidValue"},
		"a number for a string":                    {`{"userName":5}`, "invalidValue"},
		"an object for a string":                   {`{"userName":{"a":1}}`, "invalidValue"},
		"two values for one":                       {`{"userName":["a","b"]}`, "invalidValue"},
		"a string for a set of attributes":         {`{"userName":"b","name":"B"}`, "invalidValue"},
		"a word for a boolean":                     {`{"userName":"b","active":"yes"}`, "invalidValue"},
		"a number for a boolean":                   {`{"userName":"b","active":1}`, "invalidValue"},
		"binary that is none":                      {`{"userName":"b","x509Certificates":[{"value":"?"}]}`, "invalidValue"},
		"two primaries":                            {`{"userName":"b","emails":[{"value":"a","primary":true},{"value":"b","primary":"True"}]}`, "invalidValue"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := UserType().Create(resource(t, c.in).With("schemas", []any{UserSchema, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User"}))
			got := refusal(err)
			if err == nil {
				got = r.With("schemas", nil).String()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := UserType().Create(resource(t, `{"userName":"b","schemas":["x"]}`)); refusal(err) != "invalidSyntax" {
		t.Errorf("without the core schema: got %v", err)
	}
	r, err := UserType().Create(resource(t, `{"schemas":["`+UserSchema+`"],"userName":"b","`+EnterpriseSchema+`":{"department":"x"}}`))
	if want := `{"schemas":["` + UserSchema + `","` + EnterpriseSchema + `"],"userName":"b","` + EnterpriseSchema + `":{"department":"x"}}`; err != nil || r.String() != want {
		t.Errorf("schemas in use: got %v, %v, want %s", r, err, want)
	}
}

// RFC 7644 section 3.5.1.
func TestAPutReplacesAllButWhatIsReadOnly(t *testing.T) {
	old := resource(t, `{"schemas":["`+UserSchema+`"],"userName":"b","nickName":"B","id":"1","meta":{"version":"1"}}`)
	r, changed, err := UserType().Replace(old, resource(t, `{"schemas":["`+UserSchema+`"],"id":"2","userName":"c","title":"x"}`))
	if want := `{"schemas":["` + UserSchema + `"],"userName":"c","title":"x","id":"1","meta":{"version":"1"}}`; err != nil || !changed || r.String() != want {
		t.Errorf("got %v, %v, %v, want %s", r, changed, err, want)
	}
	if _, changed, err := UserType().Replace(old, old); err != nil || changed {
		t.Errorf("by itself: changed %v, %v", changed, err)
	}
}

// RFC 7643 section 2.4 (returned) and RFC 7644 section 3.9.
func TestAProjectionShowsWhatWasAskedFor(t *testing.T) {
	typ := UserType()
	typ.Core.Attribute("title").Returned = OnRequest
	r := resource(t, ana).With("title", "x").With("password", "p").With("meta", nil).With("x509Certificates", nil).With("externalId", nil)
	always := `"id":"Ab1"`
	for _, c := range []struct{ attributes, excluded, want string }{
		{"userName", "", `{` + always + `,"userName":"Ana@Example.com"}`},
		{"USERNAME, active", "", `{` + always + `,"userName":"Ana@Example.com","active":true}`},
		{"name.givenName", "", `{` + always + `,"name":{"givenName":"Ana"}}`},
		{"emails.value", "", `{` + always + `,"emails":[{"value":"ana@example.com"},{"value":"ana@home.example.org"}]}`},
		{"title,password", "", `{` + always + `,"title":"x"}`},
		{"unknown", "", `{` + always + `}`},
		{enterprise, "", `{` + always + `,"` + enterprise + `":{"department":"R&D","manager":{"value":"26"}}}`},
		{enterprise + ":department", "", `{` + always + `,"` + enterprise + `":{"department":"R&D"}}`},
		{enterprise + ":manager.value", "", `{` + always + `,"` + enterprise + `":{"manager":{"value":"26"}}}`},
		{UserSchema + ":active", "", `{` + always + `,"active":true}`},
		{"", "emails,id," + enterprise, `{` + always + `,"userName":"Ana@Example.com","active":true,"name":{"givenName":"Ana","familyName":"O'Malley"}}`},
		{"", "emails.type,emails.primary,name,active,userName," + enterprise + ":manager", `{` + always + `,"emails":[{"value":"ana@example.com"},{"value":"ana@home.example.org"}],"` + enterprise + `":{"department":"R&D"}}`},
	} {
		s, err := Select([]string{c.attributes}, []string{c.excluded})
		if err != nil {
			t.Fatal(err)
		}
		got := Project(typ, r, s)
		if !got.Has("schemas") {
			t.Errorf("%v: no schemas", c)
		}
		if diff := cmp.Diff(c.want, got.With("schemas", nil).String()); diff != "" {
			t.Errorf("attributes %q, excluded %q (-want +got):\n%s", c.attributes, c.excluded, diff)
		}
	}
	for _, c := range [][2]string{{"a", "b"}, {"a b", ""}, {"", "a..b"}, {strings.Repeat("a,", 300), ""}} {
		if _, err := Select([]string{c[0]}, []string{c[1]}); refusal(err) != "invalidValue" {
			t.Errorf("%.20v: got %v", c, err)
		}
	}
}

// RFC 7644 section 3.12.
func TestAnErrorIsTheMessageOfTheRFC(t *testing.T) {
	got, err := json.Marshal(refuse(Uniqueness, "%s is taken", short("ana")))
	if want := `{"schemas":["` + ErrorSchema + `"],"status":"409","scimType":"uniqueness","detail":"\"ana\" is taken"}`; err != nil || string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got, _ = json.Marshal(&Error{Status: 404, Detail: "x"})
	if want := `{"schemas":["` + ErrorSchema + `"],"status":"404","detail":"x"}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
