package entra

import (
	"net/http"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// TestContract runs the suite on a tenant of good manners, and on one with every bad habit that the pages allow.
func TestContract(t *testing.T) {
	for name, habits := range map[string]entrasim.Habits{
		"good manners":                             {},
		"empty pages, everything twice":            {EmptyPages: true, Duplicates: true, Leftovers: true},
		"updates in parts, groups that say little": {Partial: true, Silent: true, Code400: true},
		"all of it":                                {EmptyPages: true, Duplicates: true, Leftovers: true, Partial: true, Silent: true},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{Attribute: "department", PageSize: 4, New: func(t *testing.T) connectortest.Directory {
				return &simulated{tenant: newTenant(t, entrasim.Options{PageSize: 4, MemberPage: 3, Habits: habits}), ids: map[string]string{}}
			}})
		})
	}
}

// TestContractWithFaults breaks reads in their middle in the ways that networks and services have.
func TestContractWithFaults(t *testing.T) {
	second := func(do simhttp.Action) simhttp.Fault {
		return simhttp.Fault{Pattern: "GET /v1.0/users/delta", Nth: 2, Count: simhttp.Always, Do: do}
	}
	for name, fault := range map[string]simhttp.Fault{
		"a login page":       second(simhttp.LoginPage()),
		"half an answer":     second(simhttp.Half()),
		"not for you":        second(simhttp.Answer(http.StatusForbidden, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`, nil)),
		"no list":            second(simhttp.Answer(http.StatusOK, `{"@odata.deltaLink":"x"}`, nil)),
		"no way on":          second(simhttp.Answer(http.StatusOK, `{"value":[]}`, nil)),
		"two ways on":        second(simhttp.Rewrite("both links", bothLinks)),
		"gone in the middle": second(simhttp.Answer(http.StatusGone, `{"error":{"code":"resyncRequired"}}`, nil)),
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{Attribute: "department", PageSize: 4, New: func(t *testing.T) connectortest.Directory {
				return &breakable{simulated{tenant: newTenant(t, entrasim.Options{PageSize: 4}), ids: map[string]string{}}, fault}
			}})
		})
	}
}

func bothLinks(body []byte) []byte {
	return append([]byte(`{"@odata.nextLink":"a","@odata.deltaLink":"b","value":[],"x":`), append(body, '}')...)
}

// simulated lets the suite change a tenant as an administrator does.
type simulated struct {
	*tenant
	ids map[string]string // by the suite's names
}

func (d *simulated) Open(attributes ...string) connectors.Source { return d.open(attributes...) }

func (d *simulated) all(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, d.ids[n])
	}
	return out
}

func (d *simulated) AddPerson(name, value string) {
	p := entrasim.Properties{"mail": name + "@example.com"}
	if value != "" {
		p["department"] = value
	}
	d.ids[name] = d.AddUser("The "+name, p)
}

func (d *simulated) AddGroup(name string, members ...string) {
	d.ids[name] = d.Sim.AddGroup(name, d.all(members)...)
}

func (d *simulated) SetMembers(group string, members ...string) {
	d.Sim.SetMembers(d.ids[group], d.all(members)...)
}

func (d *simulated) RenamePerson(name, to string) {
	d.Update(d.ids[name], entrasim.Properties{"displayName": "The " + to, "mail": to + "@example.com", "userPrincipalName": to + "@" + d.Domain})
	d.ids[to] = d.ids[name]
	delete(d.ids, name)
}

func (d *simulated) RenameGroup(name, to string) {
	d.Update(d.ids[name], entrasim.Properties{"displayName": to})
	d.ids[to] = d.ids[name]
	delete(d.ids, name)
}

func (d *simulated) SetValue(person, value string) {
	if value == "" {
		d.Update(d.ids[person], entrasim.Properties{"department": nil})
		return
	}
	d.Update(d.ids[person], entrasim.Properties{"department": value})
}

func (d *simulated) Disable(person string) {
	d.Update(d.ids[person], entrasim.Properties{"accountEnabled": false})
}

func (d *simulated) Remove(name string) { d.Delete(d.ids[name]) }

// Forget implements connectortest.Forgetter.
func (d *simulated) Forget() { d.ForgetPositions() }

// breakable can fail in the middle of an answer.
type breakable struct {
	simulated
	fault simhttp.Fault
}

func (d *breakable) Break() func() {
	return d.Inject(d.fault).Remove
}
