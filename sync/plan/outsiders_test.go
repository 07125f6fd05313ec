package plan

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestWhoHoldsAGroupAndIsOfNoSourceIsTold(t *testing.T) {
	outsider := func(name string, id access.RemoteID) func(*scene) {
		return func(s *scene) {
			m := user(id, name)
			m.Grants = []access.Grant{grant(id * 10)}
			s.observed.Members = append(s.observed.Members, m)
		}
	}
	last := func(change func(*access.Member)) func(*scene) {
		return func(s *scene) { change(&s.observed.Members[len(s.observed.Members)-1]) }
	}
	for _, row := range []struct {
		name string
		s    *scene
		want string
	}{
		{"one", newScene(link(access.Created), outsider("eve", 50)),
			"1 person of no source holds it, not by kisi-sync as far as it remembers, and is left alone: eve@x.com"},
		{"many", newScene(link(access.Created), outsider("eve", 50), outsider("dan", 51), outsider("fay", 52), outsider("gil", 53)),
			"4 people of no source hold it, not by kisi-sync as far as it remembers, and are left alone: dan@x.com, eve@x.com, fay@x.com and 1 more"},
		{"who is suspended opens nothing", newScene(link(access.Created), outsider("eve", 50), last(func(m *access.Member) { m.Enabled = false })), ""},
		{"nor does who held it until yesterday", newScene(link(access.Created), outsider("eve", 50), last(func(m *access.Member) { m.Grants[0].Until = now - 24*hour })), ""},
		{"other groups are nobody's business", newScene(link(access.Created), outsider("eve", 50), last(func(m *access.Member) { m.Grants[0].Group = 99 })), ""},
		{"who was released is known", newScene(link(access.Created), outsider("eve", 50), func(s *scene) { s.in.Released = []access.RemoteID{50} }), ""},
		{"a look at some people says nothing about others", newScene(link(access.Created), outsider("eve", 50), func(s *scene) {
			s.observed.Covers = access.Scope{Members: []access.RemoteID{ana, 50}}
		}), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ""
			for _, n := range row.s.plan().Notes {
				if n.Kind == Outsiders && n.Who == "HQ Staff" {
					got = n.Text
				}
			}
			if got != row.want {
				t.Errorf("got  %q\nwant %q", got, row.want)
			}
		})
	}
}
