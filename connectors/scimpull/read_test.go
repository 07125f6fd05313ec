package scimpull

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/scimpeer"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// strange is a service provider with habits that scimmy does not have: n users u001, u002, … and no groups.
type strange struct {
	n, most, lie int // users; at most so many in an answer, 0 for all that are asked for; added to totalResults
	deaf         bool
	ignoresCount bool
	extra        string // further attributes of each user
	groups       string // in place of none
}

func (p strange) serve(w http.ResponseWriter, r *http.Request) {
	start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
	count, _ := strconv.Atoi(r.URL.Query().Get("count"))
	if p.deaf {
		start = 1
	}
	if p.most > 0 {
		count = min(count, p.most)
	}
	if p.ignoresCount {
		start, count = 1, p.n
	}
	var all []string
	for i := start; i <= min(p.n, start+count-1); i++ {
		all = append(all, fmt.Sprintf(`{"id":"u%03d","userName":"u%03d@example.com"%s}`, i, i, p.extra))
	}
	fmt.Fprintf(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"Resources":[%s]}`, p.n+p.lie, strings.Join(all, ","))
}

// start serves the provider and returns a way to read it, with 10 resources in a call.
func (p strange) start(t *testing.T) *provider {
	t.Helper()
	front := simhttp.New()
	front.Handle("GET /scim/Users", p.serve)
	front.Handle("GET /scim/Groups", func(w http.ResponseWriter, _ *http.Request) {
		if p.groups == "" {
			p.groups = `{"totalResults":0}`
		}
		_, _ = w.Write([]byte(p.groups))
	})
	server, err := simhttp.Start(front)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	all := &provider{Directory: &scimpeer.Directory{Front: front, URL: server.URL + "/scim"}, t: t, dir: t.TempDir(), pageSize: 10}
	all.secret("token", "x")
	return all
}

// refused reads and wants an error.
func (p *provider) refused(t *testing.T) string {
	t.Helper()
	receipt, err := p.Open().Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error { return nil })
	if err == nil || receipt.Coverage != 0 {
		t.Fatalf("the read is believed: %+v, %v", receipt, err)
	}
	return err.Error()
}

func (p *provider) read(t *testing.T, attributes ...string) *connectortest.Reader {
	t.Helper()
	r := connectortest.Follow(t, p.Open(attributes...))
	r.Full()
	return r
}

func TestAServerThatGivesLessThanItIsAskedForIsReadWhole(t *testing.T) {
	for name, c := range map[string]struct {
		server strange
		calls  int
	}{
		"as asked for":          {strange{n: 28}, 3},           // 10, and 9 more in each further call
		"three at a time":       {strange{n: 28, most: 3}, 14}, // 3, and 2 more
		"one at a time":         {strange{n: 28, most: 1}, 28}, // no room for the last of before
		"all at once":           {strange{n: 28, ignoresCount: true}, 1},
		"nobody":                {strange{}, 1},
		"exactly one page":      {strange{n: 10}, 1},
		"one more than a page":  {strange{n: 11}, 2},
		"two pages and nothing": {strange{n: 19}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.server.start(t)
			r := p.read(t)
			if len(r.People()) != c.server.n || r.Receipt.Coverage != directory.Complete || r.Receipt.Proof.Entries != c.server.n {
				t.Errorf("%d of %d people, %+v", len(r.People()), c.server.n, r.Receipt)
			}
			if got := p.Count("GET /scim/Users"); got != c.calls {
				t.Errorf("%d calls, want %d", got, c.calls)
			}
		})
	}
}

// Case 49: what the server counts must come.
func TestAServerThatLiesIsNotBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		server strange
		want   string
	}{
		"it counts more than it gives":         {strange{n: 28, lie: 1}, "/Users ends after 28 resources, and the server counts 29"},
		"it counts more, and gives all":        {strange{n: 5, lie: 1, ignoresCount: true}, "or keeps to no order"},
		"it counts less than it gives":         {strange{n: 28, lie: -1, ignoresCount: true}, "has 28 resources, and the server counts 27"},
		"it gives the first page for all":      {strange{n: 28, deaf: true}, "changed while it was read, or keeps to no order"},
		"it counts people and gives nobody":    {strange{n: 0, lie: 5}, "ends after 0 resources"},
		"it does not say how many there are":   {strange{groups: `{"Resources":[]}`}, "/Groups has no totalResults"},
		"it says it in words":                  {strange{groups: `{"totalResults":"0"}`}, "no totalResults"},
		"something has no id":                  {strange{groups: `{"totalResults":1,"Resources":[{"displayName":"x"}]}`}, "has no id"},
		"one id is a user's and a group's":     {strange{n: 1, groups: `{"totalResults":1,"Resources":[{"id":"u001","members":[{"value":"u001"}]}]}`}, `the id "u001" is that of a user and of a group`},
		"a page for people in place of SCIM":   {strange{groups: `<html>Sign in</html>`}, "the answer to /Groups is no SCIM"},
		"an attribute stands twice in a group": {strange{groups: `{"totalResults":0,"TotalResults":1}`}, "stands twice"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.server.start(t).refused(t); !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// crowd adds p000 to p009, of whom p001 and p002 are staff.
func (p *provider) crowd() {
	p.t.Helper()
	for i := range 10 {
		p.AddPerson(fmt.Sprintf("p%03d", i), "")
	}
	p.AddGroup("staff", "p001", "p002")
	p.Forget()
}

// during does something before the call for the n-th page of users, counted over all tries.
func (p *provider) during(n int, what func()) *simhttp.Injection {
	return p.Inject(simhttp.Fault{Pattern: "GET /scim/Users", Nth: n, Do: simhttp.Do("meanwhile", what)})
}

// Somebody of the first page is deleted before the second is asked for: everybody behind moves up, and one of them would be missed.
func TestADirectoryThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	p := newProvider(t)
	p.crowd()
	met := p.during(2, func() { p.Remove("p000") })
	r := p.read(t)
	if met.Hits() != 1 || len(r.People()) != 9 || slices.Contains(r.People(), "p000@example.com") || !slices.Contains(r.People(), "p004@example.com") {
		t.Errorf("read %v", r.People())
	}
}

func TestSomebodyWhoComesWhileTheDirectoryIsReadHurtsNobody(t *testing.T) {
	p := newProvider(t)
	p.crowd()
	met := p.during(2, func() { p.AddPerson("new", "") })
	if r := p.read(t); met.Hits() != 1 || len(r.People()) != 11 {
		t.Errorf("read %v", r.People())
	}
}

func TestADirectoryThatNeverRestsIsNotBelieved(t *testing.T) {
	p := newProvider(t)
	p.crowd()
	for i := range mostTries {
		p.Inject(simhttp.Fault{Pattern: "GET /scim/Users", Nth: 1 + i, Where: func(c simhttp.Call) bool { return c.Query.Get("startIndex") == "4" },
			Do: simhttp.Do("meanwhile", func() { p.Remove(fmt.Sprintf("p%03d", i)) })})
	}
	if got := p.refused(t); !strings.Contains(got, "changed while it was read") {
		t.Error(got)
	}
}

// withoutMembers leaves members out of lists, as large providers do.
func withoutMembers(as string) simhttp.Action {
	return simhttp.Rewrite("without members", func(body []byte) []byte {
		var list map[string]any
		if err := json.Unmarshal(body, &list); err != nil {
			return []byte(err.Error())
		}
		all, _ := list["Resources"].([]any)
		for _, g := range all {
			delete(g.(map[string]any), "members")
			if as != "" {
				g.(map[string]any)["members"] = []any{}
			}
		}
		text, err := json.Marshal(list)
		if err != nil {
			return []byte(err.Error())
		}
		return text
	})
}

func TestMembersThatAListLeavesOutAreAskedForGroupByGroup(t *testing.T) {
	for _, as := range []string{"", "[]"} {
		p := newProvider(t)
		p.crowd()
		p.AddGroup("empty")
		p.AddGroup("all", "staff", "p003")
		p.Forget()
		p.Inject(simhttp.Fault{Pattern: "GET /scim/Groups", Count: simhttp.Always, Do: withoutMembers(as)})
		r := p.read(t)
		if got := r.Members("all"); !slices.Equal(got, []string{"p001@example.com", "p002@example.com", "p003@example.com"}) || len(r.Members("empty")) != 0 {
			t.Errorf("members are %v", got)
		}
		if n := p.Count("GET /scim/Groups/{id}"); n != 3 {
			t.Errorf("%d calls for 3 groups", n)
		}
	}
}

func TestAGroupThatGoesBeforeItsMembersAreReadIsGone(t *testing.T) {
	p := newProvider(t)
	p.crowd()
	p.Inject(simhttp.Fault{Pattern: "GET /scim/Groups", Count: simhttp.Always, Do: withoutMembers("")})
	met := p.Inject(simhttp.Fault{Pattern: "GET /scim/Groups/{id}", Do: simhttp.Do("meanwhile", func() { p.Remove("staff") })})
	if r := p.read(t); met.Hits() != 1 || r.View().Groups() != 0 || len(r.People()) != 10 {
		t.Errorf("there are %d groups and %d people", r.View().Groups(), len(r.People()))
	}
}

func TestAGroupThatCannotBeReadEndsTheRead(t *testing.T) {
	p := newProvider(t)
	p.crowd()
	p.Inject(simhttp.Fault{Pattern: "GET /scim/Groups", Count: simhttp.Always, Do: withoutMembers("")})
	p.Inject(simhttp.Fault{Pattern: "GET /scim/Groups/{id}", Do: simhttp.Answer(http.StatusForbidden, `{"status":"403","detail":"not yours"}`, nil)})
	if got := p.refused(t); !strings.Contains(got, `answers 403`) || !strings.Contains(got, `"not yours"`) {
		t.Error(got)
	}
}

// Case 46.
func TestActiveMayBeAWordAndWhatIsNeitherStaysAsBefore(t *testing.T) {
	for active, want := range map[string]directory.Tri{`"False"`: directory.No, `false`: directory.No, `"true"`: directory.Yes, `true`: directory.Yes, `null`: directory.Unknown} {
		r := strange{n: 1, extra: `,"active":` + active}.start(t).read(t)
		if got := r.Person("u001@example.com").Active(); got != want {
			t.Errorf("%s: got %v, want %v", active, got, want)
		}
	}
	p := strange{n: 2}.start(t)
	r := p.read(t)
	p.Inject(simhttp.Fault{Pattern: "GET /scim/Users", Do: simhttp.Rewrite("neither", func(body []byte) []byte {
		return bytes.Replace(body, []byte(`"u001@example.com"`), []byte(`"u001@example.com","active":"perhaps"`), 1)
	})})
	r.Full()
	if len(r.People()) != 2 || len(r.Receipt.Remarks) != 1 || !strings.Contains(r.Receipt.Remarks[0], "1 users are neither active nor not") {
		t.Errorf("%v, %v", r.People(), r.Receipt.Remarks)
	}
}

func TestAFilterIsKeptToAlsoByAServerThatDoesNotFilter(t *testing.T) {
	p := newProvider(t)
	p.AddPerson("ana", "IT")
	p.AddPerson("bo", "HR")
	s := p.settings()
	s.People.Filter = `emails[value sw "ana" and type eq "work"]`
	r := connectortest.Follow(t, p.open(s))
	r.Full()
	if !slices.Equal(r.People(), []string{"ana@example.com"}) || len(r.Receipt.Remarks) != 0 {
		t.Errorf("a server that filters: %v, %v", r.People(), r.Receipt.Remarks)
	}
	q := strange{n: 3, extra: `,"title":"x"`}.start(t)
	s = q.settings()
	s.People.Filter = `userName sw "u002"`
	r = connectortest.Follow(t, q.open(s))
	r.Full()
	if !slices.Equal(r.People(), []string{"u002@example.com"}) || len(r.Receipt.Remarks) != 1 {
		t.Errorf("a server that does not: %v, %v", r.People(), r.Receipt.Remarks)
	}
}

func TestAddressesAreTakenFromWhereTheFileSays(t *testing.T) {
	p := strange{n: 1, extra: `,"emails":[{"value":"other@example.com"}],"urn:acme:1.0:User":{"doors":["a","b"]}`}.start(t)
	r := p.read(t, "urn:acme:1.0:User:doors")
	if got := r.Person("other@example.com").Values("urn:acme:1.0:User:doors", nil); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("doors are %v", got)
	}
	s := p.settings()
	s.People.Email = fromUserName
	r = connectortest.Follow(t, p.open(s))
	if r.Full(); !slices.Equal(r.People(), []string{"u001@example.com"}) {
		t.Errorf("by userName: %v", r.People())
	}
}

// lock answers only whom it knows.
func (p *provider) lock(knows func(*http.Request) bool) *simhttp.Server {
	p.t.Helper()
	server, err := simhttp.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !knows(r) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.ServeHTTP(w, r)
	}))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(server.Close)
	p.URL = server.URL + "/scim"
	return server
}

func TestANameAndAPasswordAreEnoughForSome(t *testing.T) {
	p := strange{n: 3}.start(t)
	p.lock(func(r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		return user == "reader" && password == "pässword"
	})
	s := p.settings()
	s.Login = Login{User: "reader", Password: &secret.Ref{File: "password"}}
	p.secret("password", "pässword")
	r := connectortest.Follow(t, p.open(s))
	if r.Full(); len(r.People()) != 3 {
		t.Errorf("read %v", r.People())
	}
	p.secret("password", "wrong")
	if f := checked(t, p.open(s)); !strings.Contains(f, "login: the service provider answers 401") {
		t.Error(f)
	}
}

// A token that another server gives to a client is used until shortly before its end, and another is asked for when it is refused.
func TestATokenOfAClientIsAskedForAsNeeded(t *testing.T) {
	p := strange{n: 3}.start(t)
	good, asked := "", 0
	p.Handle("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, password, _ := r.BasicAuth()
		if id != "kisi-sync" || password != "s3cret" || r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("scope") != "read" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
			return
		}
		asked++
		good = fmt.Sprint("t", asked)
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":3600}`, good)
	})
	server := p.lock(func(r *http.Request) bool {
		return r.URL.Path == "/token" || r.Header.Get("Authorization") == "Bearer "+good
	})
	s := p.settings()
	s.Login = Login{TokenURL: server.URL + "/token", ClientID: "kisi-sync", ClientSecret: &secret.Ref{File: "client"}, Scope: "read"}
	p.secret("client", "s3cret")
	src := p.open(s)
	r := connectortest.Follow(t, src)
	r.Full()
	r.Full()
	if asked != 1 {
		t.Errorf("asked for %d tokens", asked)
	}
	good = "revoked"
	if r.Full(); asked != 2 {
		t.Errorf("asked for %d tokens after one was revoked", asked)
	}
	src.(*source).client.login.now = func() time.Time { return time.Now().Add(time.Hour) }
	if r.Full(); asked != 3 {
		t.Errorf("asked for %d tokens after one ended", asked)
	}
	p.secret("client", "other")
	good = "revoked"
	if f := checked(t, src); !strings.Contains(f, `login.token_url: the server of tokens answers 401: "invalid_client"`) {
		t.Error(f)
	}
}

func TestATokenIsReadAnewForEachCall(t *testing.T) {
	p := newProvider(t)
	p.AddPerson("ana", "")
	src := p.Open()
	p.secret("token", "wrong")
	if f := checked(t, src); !strings.Contains(f, "login: the service provider answers 401") {
		t.Error(f)
	}
	p.secret("token", scimpeer.Token)
	r := connectortest.Follow(t, src)
	if r.Full(); len(r.People()) != 1 {
		t.Errorf("read %v", r.People())
	}
}
