package kisi_test

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// roleNamed finds a role of the catalog.
func roleNamed(t *testing.T, c *access.Catalog, name string, on access.RoleScope) access.RemoteID {
	t.Helper()
	for _, r := range c.ScopeRoles {
		if r.Name == name && r.Organization == on.Organization {
			return access.RoleOn(on, r.ID)
		}
	}
	t.Fatalf("there is no role %q in %+v", name, c.ScopeRoles)
	return 0
}

func roleFor(member, role access.RemoteID) access.Call {
	return access.Call{Change: access.Change{Kind: access.CreateAssignment, Object: access.ObjectKey{Member: member, Group: role},
		After: &access.Fields{Role: access.ScopedRole}}}
}

func TestARoleIsGivenSeenAndTakenWhateverKisiLeavesUnsaid(t *testing.T) {
	for _, v := range kisisim.Variations() {
		t.Run(v.Name, func(t *testing.T) {
			var o kisisim.Options
			v.Set(&o.Assume)
			withAcme(t, o, func(t *testing.T, b *bench) {
				b.Allow(kisisim.RoleGiven)
				b.target.FollowRoles()
				c, err := b.target.Catalog(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				b.checkRoles(t, c, o.Assume.BasicRows)
			})
		})
	}
}

func (b *bench) checkRoles(t *testing.T, c *access.Catalog, membershipIsARole bool) {
	hq := access.RoleScope{ID: access.RemoteID(b.Places["HQ"])}
	admin, doors := roleNamed(t, c, "Place administrator", hq), roleNamed(t, c, "Door access", hq)
	owner := roleNamed(t, c, "Organization owner", access.RoleScope{Organization: true, ID: c.Organization.ID})
	if name := c.RoleName(admin); name != "role Place administrator of HQ" {
		t.Errorf("named %q", name)
	}
	member := b.do(t, ana()).ID
	made, err := b.target.Do(t.Context(), roleFor(member, admin))
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []access.Scope{{Members: []access.RemoteID{member}, Roles: true, Singly: true}, {All: true, Roles: true}} {
		m, _ := b.observe(t, scope).Member(member)
		if there := m.In(admin); len(there) != 1 || there[0].Assignment != made.ID || there[0].Role != access.ScopedRole || m.Protected != access.Administrator {
			t.Errorf("%+v: %+v", scope, m)
		}
	}
	if again, err := b.target.Do(t.Context(), roleFor(member, admin)); err != nil || !again.Existed || again.ID != made.ID {
		t.Errorf("given again: %+v %v", again, err)
	}
	if _, err := b.target.Do(t.Context(), roleFor(member, doors)); !isOnly(err, access.ErrExists) {
		t.Errorf("another role on the same place: %v", err)
	}
	before := b.writes()
	if _, err := b.target.Do(t.Context(), roleFor(member, owner)); !isOnly(err, access.ErrRefused) || b.writes() != before {
		t.Errorf("ownership: %v, %d calls", err, b.writes()-before)
	}
	observer := roleNamed(t, c, "Observer", access.RoleScope{Organization: true, ID: c.Organization.ID})
	if over, err := b.target.Do(t.Context(), roleFor(member, observer)); membershipIsARole {
		if !isOnly(err, access.ErrRefused) {
			t.Errorf("beside the membership: %v", err)
		}
	} else if err != nil {
		t.Errorf("on the organization: %v", err)
	} else {
		b.do(t, of(access.RemoveAssignment, access.ObjectKey{Member: member, Group: observer, Assignment: over.ID}, nil))
	}
	disable := access.Call{Change: of(access.DisableMember, access.ObjectKey{Member: member}, &access.Fields{})}
	if _, err := b.target.Do(t.Context(), disable); !isOnly(err, access.ErrRefused) {
		t.Errorf("an administrator is suspended: %v", err)
	}
	b.do(t, of(access.RemoveAssignment, access.ObjectKey{Member: member, Group: admin, Assignment: made.ID}, nil))
	if _, err := b.target.Do(t.Context(), disable); err != nil {
		t.Errorf("after the role was taken: %v", err)
	}
}

func TestNoRoleIsGivenThatIsAboveTheKeysOwn(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		b.Allow(kisisim.RoleGiven)
		member := b.do(t, ana()).ID
		manager := b.AddUser(kisisim.UserSpec{Email: "manager@example.com", Name: "Manager"})
		b.SetOrganizationRole(manager, kisisim.UserManager)
		b.AddKey(manager, "managers-key")
		b.Key = "managers-key"
		b = newBench(t, b.Company, pacer.Options{})
		b.target.FollowRoles()
		c, err := b.target.Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		refused := map[string]string{}
		for _, r := range c.ScopeRoles {
			refused[r.Name] = r.Refused
		}
		if refused["Observer"] != "" || refused["Front desk"] != "" || refused["Organization administrator"] == "" || refused["Place administrator"] == "" {
			t.Errorf("%q", refused)
		}
		before := b.writes()
		on := access.RoleScope{Organization: true, ID: c.Organization.ID}
		if _, err := b.target.Do(t.Context(), roleFor(member, roleNamed(t, c, "Organization administrator", on))); !isOnly(err, access.ErrRefused) || b.writes() != before {
			t.Errorf("%v, %d calls", err, b.writes()-before)
		}
	})
}
