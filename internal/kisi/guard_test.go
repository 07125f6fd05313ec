package kisi_test

import (
	"fmt"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// Each call that stands before a suspension keeps a door open for a quarter of a second.
func TestOnePersonIsLookedAtWithFiveCalls(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		petra := access.Scope{Members: []access.RemoteID{access.RemoteID(b.Users["petra.krueger@glanz.example"])}}
		b.observe(t, petra)
		before := len(b.Requests())
		b.observe(t, petra)
		if calls := b.Requests()[before:]; len(calls) != 5 {
			for _, c := range calls {
				t.Log(c.Method, c.Path, c.Query)
			}
			t.Errorf("%d calls", len(calls))
		}
	})
}

// A role in a group protects nobody, neither a user's own nor that of a team; and more than a page of such hide no administrator.
func TestTeamsProtectByTheirRolesInTheOrganizationOnly(t *testing.T) {
	for _, rights := range []int{1, 300} {
		withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
			deputy := b.AddUser(kisisim.UserSpec{Email: "deputy@example.com", Name: "Deputy"})
			porter := b.AddUser(kisisim.UserSpec{Email: "porter@example.com", Name: "Porter"})
			porters := b.AddTeam("Porters", kisisim.User(porter))
			for n := range rights {
				group := b.AddGroup(kisisim.GroupSpec{Name: fmt.Sprint("Gate ", n)})
				b.AddGrant(kisisim.GrantSpec{To: kisisim.Team(porters), On: kisisim.Group(group), Role: kisisim.GroupManager})
			}
			leads := b.AddTeam("Site leads", kisisim.User(deputy))
			b.AddGrant(kisisim.GrantSpec{To: kisisim.Team(leads), On: b.OrganizationRef(), Role: kisisim.UserManager})
			scope := access.Scope{Members: []access.RemoteID{access.RemoteID(deputy), access.RemoteID(porter)}}
			for range 2 {
				state := b.observe(t, scope)
				d, _ := state.Member(access.RemoteID(deputy))
				p, _ := state.Member(access.RemoteID(porter))
				if d.Protected != access.Administrator || p.Protected != access.Unprotected {
					t.Errorf("%d rights of teams: the deputy is %q, the porter %q", rights, d.Protected, p.Protected)
				}
			}
		})
	}
}

func TestAnotherKeyIsAnotherUser(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		robot := b.AddUser(kisisim.UserSpec{Email: "robot@example.com", Name: "Robot"})
		b.AddGrant(kisisim.GrantSpec{To: kisisim.User(robot), On: b.OrganizationRef(), Role: kisisim.UserManager})
		b.AddKey(robot, "the-second-key")
		current, asked := b.Key, 0
		client := newClient(t, kisi.Options{Key: func() (secret.String, error) { return secret.New(current), nil }, Pace: pacer.Options{Base: b.Transport()}})
		b.target = kisi.NewTarget(client)
		for _, next := range []string{b.Key, b.Key, "the-second-key", "the-second-key"} {
			current = next
			b.observe(t, access.Scope{Members: []access.RemoteID{access.RemoteID(robot)}})
		}
		for _, r := range b.Requests() {
			if r.Path == "/user" {
				asked++
			}
		}
		if asked != 2 {
			t.Errorf("of two keys it was asked %d times whose they are", asked)
		}
	})
}
