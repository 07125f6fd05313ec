package google

import (
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// pageOfTests makes pages small enough for the suite to fill several.
const pageOfTests = 5

func TestContract(t *testing.T) {
	for name, habits := range map[string]googlesim.Habits{
		"as documented": {PageSize: pageOfTests},
		"odd habits":    {PageSize: pageOfTests, Repeat: true, EmptyPages: true, BareUsers: true},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{
				Attribute: "customSchemas.Doors.kind", PageSize: pageOfTests,
				New: func(t *testing.T) connectortest.Directory {
					w := newWorkspace(t)
					w.Behave(habits)
					w.PurgeUser(googlesim.Admin)
					w.AddUser(googlesim.User{ID: "1", Email: "root@elsewhere.example", Admin: true})
					return &administered{t: t, w: w}
				},
			})
		})
	}
}

// administered is a Workspace whose people are those of example.com; whoever reads it is of another domain.
type administered struct {
	t      *testing.T
	w      *workspace
	groups []string
}

func (a *administered) ok(done bool) {
	a.t.Helper()
	if !done {
		a.t.Fatal("there is no such person or group")
	}
}

func address(name string) string { return name + "@example.com" }

func (a *administered) Open(attributes ...string) connectors.Source {
	s := a.w.settings()
	s.Login.Subject, s.Domain, s.Groups.Kinds = "root@elsewhere.example", "example.com", []string{ofGroups}
	return a.w.open(s, attributes...)
}

func (a *administered) AddPerson(name, value string) {
	a.w.AddUser(googlesim.User{Email: address(name), Given: "The", Family: name})
	a.SetValue(name, value)
}

// members are addresses; those of nobody are not taken, as by Google.
func (a *administered) members(names []string) (all []string) {
	for _, name := range names {
		if a.w.ChangeUser(address(name), func(*googlesim.User) {}) || slices.Contains(a.groups, name) {
			all = append(all, address(name))
		}
	}
	return all
}

func (a *administered) AddGroup(name string, members ...string) {
	a.groups = append(a.groups, name)
	a.w.AddGroup(address(name), name, a.members(members)...)
}

func (a *administered) SetMembers(group string, members ...string) {
	a.ok(a.w.SetMembers(address(group), a.members(members)...))
}

func (a *administered) RenamePerson(name, to string) {
	a.ok(a.w.ChangeUser(address(name), func(u *googlesim.User) { u.Email, u.Family = address(to), to }))
}

func (a *administered) RenameGroup(name, to string) {
	a.groups = append(a.groups, to)
	a.ok(a.w.ChangeGroup(address(name), func(g *googlesim.Group) { g.Email, g.Name = address(to), to }))
}

func (a *administered) SetValue(person, value string) {
	a.ok(a.w.ChangeUser(address(person), func(u *googlesim.User) {
		if u.Custom = nil; value != "" {
			u.Custom = map[string]map[string]any{"Doors": {"kind": value}}
		}
	}))
}

func (a *administered) Disable(person string) {
	a.ok(a.w.ChangeUser(address(person), func(u *googlesim.User) { u.Suspended = true }))
}

func (a *administered) Remove(name string) {
	if slices.Contains(a.groups, name) && a.w.DeleteGroup(address(name)) {
		return
	}
	a.ok(a.w.DeleteUser(address(name)))
}

// Break has the second page of people fail for good, as a gateway does that Google's front end cannot reach.
func (a *administered) Break() (heal func()) {
	in := a.w.Inject(simhttp.Fault{Pattern: googlesim.ListUsers, Count: simhttp.Always, Do: simhttp.Half(),
		Where: func(c simhttp.Call) bool { return c.Query.Get("pageToken") != "" }})
	return in.Remove
}
