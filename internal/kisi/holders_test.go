package kisi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// heldLines says who holds what, one line each.
func heldLines(h *access.Holders) (lines []string) {
	kinds := [...]string{"user", "team", "guest"}
	for _, r := range h.Rights {
		name := r.Name
		if p, ok := h.Person(r.Assignee); ok && r.Kind == access.ToUser {
			name = fmt.Sprintf("%s enabled=%v used=%v", p.Email, p.Enabled, p.LastUsed != 0)
		}
		lines = append(lines, fmt.Sprintf("%s %s until=%v made=%v", kinds[r.Kind], name, r.Until != 0, r.Made != 0))
	}
	for _, t := range h.Teams {
		lines = append(lines, fmt.Sprintf("team %s: %d users, %d guests", t.Name, len(t.Users), t.Guests))
	}
	for _, l := range h.Links {
		lines = append(lines, fmt.Sprintf("link %s until=%v", l.Name, l.Until != 0))
	}
	for _, r := range h.Roles {
		name := r.Name
		if p, ok := h.Person(r.Assignee); ok && r.Kind == access.ToUser {
			name = p.Email
		}
		lines = append(lines, fmt.Sprintf("%s %s is %s place=%v", kinds[r.Kind], name, r.Role, r.Place != 0))
	}
	slices.Sort(lines)
	return lines
}

func TestHoldersTellsWhoMayOpenTheDoorsOfAGroup(t *testing.T) {
	for _, v := range kisisim.Variations() {
		if v.Name == "links may not be listed" || v.Name == "expired assignments are hidden" || v.Name == "expired assignments are deleted" || v.Name == "suspended users lose their rights" {
			continue // see below; or what is told differs, rightly
		}
		t.Run(v.Name, func(t *testing.T) {
			o := kisisim.Options{}
			v.Set(&o.Assume)
			withAcme(t, o, func(t *testing.T, b *bench) {
				group := b.AddGroup(kisisim.GroupSpec{Name: "Archive", Place: b.Places["HQ"]})
				used := b.AddUser(kisisim.UserSpec{Email: "used@example.com", Name: "Used", LastAccess: time.Now().Add(-time.Hour)})
				off := b.AddUser(kisisim.UserSpec{Email: "off@example.com", Name: "Off", Suspended: true})
				guest := b.AddGuest("Mira", "")
				team := b.AddTeam("Archivists", kisisim.User(used), kisisim.Guest(guest))
				for _, g := range []kisisim.GrantSpec{
					{To: kisisim.User(used)}, {To: kisisim.User(off), Until: time.Now().Add(time.Hour)}, {To: kisisim.Guest(guest)}, {To: kisisim.Team(team)},
				} {
					g.On = kisisim.Group(group)
					b.AddGrant(g)
				}
				b.AddGrant(kisisim.GrantSpec{To: kisisim.User(used), On: kisisim.Place(b.Places["HQ"])})
				b.AddGrant(kisisim.GrantSpec{To: kisisim.User(off), On: kisisim.Place(b.Places["Workshop"])})
				b.AddGroupLink(group, "Removals", time.Now().Add(time.Hour))
				b.AddGroupLink(group, "Last month", time.Now().Add(-time.Hour))
				before := len(b.Requests())
				got, err := b.target.Holders(t.Context(), access.HoldersOf{Groups: []access.RemoteID{access.RemoteID(group)}, Places: []access.RemoteID{access.RemoteID(b.Places["HQ"])}})
				if err != nil {
					t.Fatal(err)
				}
				want := []string{"user used@example.com enabled=true used=true until=false made=true", "user off@example.com enabled=false used=false until=true made=true",
					"guest Mira until=false made=true", "team Archivists until=false made=true", "team Archivists: 1 users, 1 guests", "link Removals until=true",
					"user used@example.com is Door access place=true", "user olivia.brandt@example.com is Organization owner place=false"}
				var lines []string
				for _, line := range heldLines(got) {
					if slices.Contains(want, line) || !strings.Contains(line, " is ") {
						lines = append(lines, line) // whoever else is an administrator of Acme is told of, too
					}
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, lines); diff != "" || len(got.Uncounted) > 0 {
					t.Error(diff, got.Uncounted)
				}
				if calls := len(b.Requests()) - before; calls > 10 {
					t.Errorf("%d calls", calls)
				}
				for _, r := range got.Roles {
					if r.Role == "Observer" || r.Role == "Basic" {
						t.Errorf("%s opens no door", r.Role)
					}
				}
			})
		})
	}
}

func TestHoldersSaysWhatItCannotTell(t *testing.T) {
	o := kisisim.Options{}
	o.Assume.LinksRefused = true
	withAcme(t, o, func(t *testing.T, b *bench) {
		got, err := b.target.Holders(t.Context(), access.HoldersOf{Groups: []access.RemoteID{access.RemoteID(b.Groups["Contractors"])}})
		if err != nil || len(got.Uncounted) != 1 || !strings.HasPrefix(got.Uncounted[0], "access links: ") {
			t.Errorf("%v %v", err, got)
		}
	})
}
