package okta

import (
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func TestContractWithIncrements(t *testing.T) { contract(t, func(*Settings) {}) }

func TestContractWithASearchOfTheAdmins(t *testing.T) {
	contract(t, func(s *Settings) { s.People.Filter = `profile.lastName pr` })
}

func TestContractWithoutIncrements(t *testing.T) {
	contract(t, func(s *Settings) { s.Increments = false })
}

func contract(t *testing.T, change func(*Settings)) {
	const page = 4
	connectortest.Run(t, connectortest.Harness{
		Attribute: "department",
		PageSize:  page,
		New: func(t *testing.T) connectortest.Directory {
			return &company{org: newOrg(t, oktasim.Options{Page: page}), change: change, ids: map[string]string{}, members: map[string][]string{}}
		},
	})
}

// company calls the people and groups of an org by the suite's names. Groups in groups are what a group rule makes of them.
type company struct {
	*org
	change  func(*Settings)
	ids     map[string]string
	members map[string][]string // of groups, by the suite's names
}

func (c *company) Open(attributes ...string) connectors.Source {
	return c.open(c.settings(c.change), attributes...)
}

func (c *company) AddPerson(name, value string) {
	profile := person(name)
	if value != "" {
		profile["department"] = value
	}
	c.ids[name] = c.AddUser("", profile)
}

func (c *company) AddGroup(name string, members ...string) {
	c.ids[name] = c.Sim.AddGroup(name, "")
	c.SetMembers(name, members...)
}

func (c *company) SetMembers(group string, members ...string) {
	c.members[group] = slices.Clone(members)
	var people, groups []string
	for _, m := range members {
		if _, ok := c.members[m]; ok {
			groups = append(groups, c.ids[m])
		} else {
			people = append(people, c.ids[m])
		}
	}
	c.Sim.SetMembers(c.ids[group], people...)
	c.SetRules(c.ids[group], groups...)
}

func (c *company) RenamePerson(name, to string) {
	c.rename(name, to)
	c.Change(c.ids[to], person(to))
}

func (c *company) RenameGroup(name, to string) {
	c.rename(name, to)
	c.members[to] = c.members[name]
	delete(c.members, name)
	c.Sim.RenameGroup(c.ids[to], to)
}

func (c *company) rename(name, to string) {
	c.ids[to] = c.ids[name]
	delete(c.ids, name)
	for _, members := range c.members {
		for i := range members {
			if members[i] == name {
				members[i] = to
			}
		}
	}
}

func (c *company) SetValue(person, value string) {
	if value == "" {
		c.Change(c.ids[person], map[string]any{"department": nil})
		return
	}
	c.Change(c.ids[person], map[string]any{"department": value})
}

func (c *company) Disable(person string) { c.SetStatus(c.ids[person], "DEPROVISIONED") }

func (c *company) Remove(name string) {
	if _, ok := c.members[name]; ok {
		c.DeleteGroup(c.ids[name])
		delete(c.members, name)
		return
	}
	c.Delete(c.ids[name])
}

// Break makes the second page of people never come.
func (c *company) Break() func() {
	fault := c.Inject(simhttp.Fault{Pattern: oktasim.Users, Nth: 2, Count: simhttp.Always, Do: simhttp.Answer(403, `{"errorCode":"E0000006"}`, nil)})
	return fault.Remove
}
