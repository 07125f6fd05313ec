package scim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// FuzzPush pushes any bodies to a user and a group that are there, in the order made, replaced, patched, searched. Whatever comes, it is taken or
// refused, never a failure of ours, and what is there can be read afterwards, by the provider and by us.
func FuzzPush(f *testing.F) {
	f.Add(userJSON("bob"), userJSON("cy"), patch(`{"op":"Replace","path":"active","value":"False"}`), `userName eq "ana"`)
	f.Add(groupJSON("Staff"), groupJSON("Staff", "nobody"), patch(`{"op":"remove","path":"members[value eq \"x\"]"}`), `members.value pr and not (displayName co "a")`)
	f.Add(`{`+coreUser+`,"userName":"\u0000","externalId":"a\u0000b","emails":[{"value":"x"}]}`, `{"Members":[{}],"displayName":"x",`+coreGroup+`}`,
		patch(`{"op":"add","value":{"urn:x:y":{"a":[1]},"name":null,"members":["x"]}}`), `meta.created gt "2020-01-01T00:00:00Z"`)
	p := newProvider(f, "department", "urn:x:y:a", "emails")
	ana := p.user("ana")
	staff := p.group("Everybody", ana)
	f.Fuzz(func(t *testing.T, made, replaced, patched, filter string) {
		p := &provider{t: t, url: p.url, token: p.token, store: p.store, source: p.source, client: p.client}
		for _, path := range []string{"/Users", "/Groups"} {
			one := map[string]string{"/Users": path + "/" + ana, "/Groups": path + "/" + staff}[path]
			for _, r := range []reply{p.send("POST", path, made), p.send("PUT", one, replaced), p.send("PATCH", one, patched),
				p.send("POST", path+"/.search", `{"filter":`+quoted(filter)+`}`), p.send("GET", one, "")} {
				if r.status >= http.StatusInternalServerError || r.status == http.StatusNotFound || r.status == http.StatusUnauthorized {
					t.Fatalf("%d %s", r.status, r.text)
				}
				if id := r.body.Text("id"); r.status == http.StatusCreated {
					p.want(http.StatusNoContent, "DELETE", path+"/"+id, "")
				}
			}
		}
		all, _ := p.fetched(directory.Cursor{})
		people := 0
		for i := range all {
			if all[i].Kind == directory.PersonIs {
				people++
			}
		}
		if people != 1 {
			t.Errorf("%d people", people)
		}
		if err := p.store.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ", "\t", " ").Replace(s) + `"`
}
