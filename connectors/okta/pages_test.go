package okta

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func TestAPageIsFollowedAsLinkedAndNowhereElse(t *testing.T) {
	for name, link := range map[string]string{
		"another host":   `<https://elsewhere.example/api/v1/users?after=x>; rel="next"`,
		"another scheme": `<http://HOST/api/v1/users?after=x>; rel="next"`,
		"itself":         `<https://HOST/api/v1/users?after=loop>; rel="next"`,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, oktasim.Options{})
			host := strings.TrimPrefix(o.server.URL, "https://")
			o.Inject(simhttp.Fault{Pattern: oktasim.Users, Count: simhttp.Always,
				Do: simhttp.Answer(200, "[]", http.Header{"Content-Type": {"application/json"}, "Link": {strings.ReplaceAll(link, "HOST", host)}})})
			_, err := o.open(o.settings()).Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { return nil })
			if err == nil || !strings.Contains(err.Error(), "users: ") || o.Count(oktasim.Users) > 2 {
				t.Errorf("after %d calls: %v", o.Count(oktasim.Users), err)
			}
		})
	}
}

// A proxy that takes out the Link header would make the first page the whole directory.
func TestAFullPageWithoutLinksIsNotTheWhole(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	body := "[" + strings.Repeat(`{"id":"00u1","status":"ACTIVE"},`, 199) + `{"id":"00u1","status":"ACTIVE"}]`
	o.Inject(simhttp.Fault{Pattern: oktasim.Users, Count: simhttp.Always, Do: simhttp.Answer(200, body, http.Header{"Content-Type": {"application/json"}})})
	if err := fetch(t, o.open(o.settings())); err == nil || !strings.Contains(err.Error(), "users: a full page without any link") {
		t.Errorf("got %v", err)
	}
}

func TestTheNextPageIsFoundHoweverItIsWritten(t *testing.T) {
	const next = "https://acme.okta.com/api/v1/users?after=a,b&limit=2"
	c := &client{origin: "https://acme.okta.com"}
	for _, good := range [][]string{
		{"<https://acme.okta.com/self>; rel=\"self\"", "<" + next + ">; rel=\"next\""},
		{"<https://acme.okta.com/self>; rel=\"self\", <" + next + ">; rel=\"next\""},
		{"<" + next + ">;rel=next"}, {"<" + next + "> ; title=\"a, b; c\" ; REL = \"prev Next\" "},
	} {
		if got, err := c.next(&http.Response{Header: http.Header{"Link": good}}); err != nil || got != next {
			t.Errorf("%q leads to %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"<" + next, next + "; rel=\"next\"", "<https://acme.okta.com/self>; rel=\"self\", " + next + ">; rel=\"next\""} {
		if got, err := c.next(&http.Response{Header: http.Header{"Link": {bad}}}); err == nil {
			t.Errorf("%q leads to %q", bad, got)
		}
	}
	if got, err := c.next(&http.Response{Header: http.Header{"Link": {"<https://acme.okta.com/self>; rel=\"self\""}}}); err != nil || got != "" {
		t.Errorf("the last page leads to %q, %v", got, err)
	}
}

func TestAnOrgThatDoesNotTakeTheFilterIsAskedByASearch(t *testing.T) {
	o := newOrg(t, oktasim.Options{Page: 2})
	users, _ := o.crew(5)
	o.SetStatus(users[0], "DEPROVISIONED")
	o.Inject(simhttp.Fault{Pattern: oktasim.Users, Where: func(c simhttp.Call) bool { return c.Query.Has("filter") }, Count: simhttp.Always,
		Do: simhttp.Answer(400, `{"errorCode":"E0000031","errorSummary":"Invalid search criteria."}`, nil)})
	r := connectortest.Follow(t, o.open(o.settings()))
	if r.Full(); len(r.People()) != 5 || r.Person("p00000@example.com").Active() != directory.No {
		t.Errorf("%v", r.People())
	}
	if got := told(o.open(o.settings()).Check(t.Context())); strings.Contains(got, "✗") {
		t.Errorf("check says\n%s", got)
	}
	o.SetStatus(users[1], "SUSPENDED")
	if r.Changes(); r.Person("p00001@example.com").Active() != directory.No || r.Receipt.Coverage != directory.Delta {
		t.Error("what changed is not read")
	}
	r.SameAsFull()
}
