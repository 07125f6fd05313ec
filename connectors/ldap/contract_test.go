package ldap

import (
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

func TestContractWithIncrements(t *testing.T) { contract(t, slapd.Options{}, true) }

func TestContractWithoutIncrements(t *testing.T) { contract(t, slapd.Options{WithoutSync: true}, true) }

func TestContractWithTheLibrarysDecoder(t *testing.T) { contract(t, slapd.Options{}, false) }

func contract(t *testing.T, o slapd.Options, streaming bool) {
	const page = 4
	connectortest.Run(t, connectortest.Harness{
		Attribute: "departmentNumber",
		PageSize:  page,
		New: func(t *testing.T) connectortest.Directory {
			server := slapd.Start(t, o)
			settings := settingsFor(t, server)
			settings.PageSize, settings.Streaming = page, streaming
			return newReal(t, server, settings, slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
		},
	})
}

// real is a slapd or a 389 Directory Server. It keeps no references whole (no refint): an administrator's tools rename a member by hand.
type real struct {
	t        *testing.T
	server   server
	settings *Settings
	disabled slapd.Attributes // what locks an account for good

	people, groupsBelow string              // containers
	dns                 map[string]string   // by the suite's names
	groups              map[string][]string // members by the suite's names
}

// server is what its administrator can do with it.
type server interface {
	Add(dn string, a ldapedit.Attributes)
	Replace(dn string, a ldapedit.Attributes)
	Move(dn, rdn, parent string)
	Delete(dn string)
	Restart()
}

func newReal(t *testing.T, s server, settings *Settings, disabled ldapedit.Attributes) *real {
	return &real{t: t, server: s, settings: settings, disabled: disabled, dns: map[string]string{},
		people: "ou=people," + settings.Base, groupsBelow: "ou=groups," + settings.Base}
}

func (d *real) Open(attributes ...string) connectors.Source {
	return open(d.t, d.settings, attributes...)
}

func (d *real) dn(name string) string {
	if dn, ok := d.dns[name]; ok {
		return dn
	}
	return "uid=" + name + "," + d.people
}

func (d *real) members(names []string) []string {
	out := []string{}
	for _, n := range names {
		out = append(out, d.dn(n))
	}
	return out
}

func (d *real) AddPerson(name, value string) {
	d.dns[name] = "uid=" + name + "," + d.people
	a := slapd.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {"The " + name}, "sn": {name}, "mail": {name + "@example.com"}}
	if value != "" {
		a["departmentNumber"] = []string{value}
	}
	d.server.Add(d.dns[name], a)
}

func (d *real) AddGroup(name string, members ...string) {
	d.dns[name] = "cn=" + name + "," + d.groupsBelow
	d.server.Add(d.dns[name], slapd.Attributes{"objectClass": {"groupOfNames"}, "cn": {name}, "member": d.members(members)})
	d.remember(name, members)
}

func (d *real) SetMembers(group string, members ...string) {
	d.server.Replace(d.dns[group], slapd.Attributes{"member": d.members(members)})
	d.remember(group, members)
}

func (d *real) remember(group string, members []string) {
	if d.groups == nil {
		d.groups = map[string][]string{}
	}
	d.groups[group] = members
}

func (d *real) RenamePerson(name, to string) {
	d.server.Move(d.dns[name], "uid="+to, "")
	d.rename(name, to, "uid="+to+","+d.people)
	d.server.Replace(d.dns[to], slapd.Attributes{"cn": {"The " + to}, "sn": {to}, "mail": {to + "@example.com"}})
}

func (d *real) RenameGroup(name, to string) {
	d.server.Move(d.dns[name], "cn="+to, "")
	d.rename(name, to, "cn="+to+","+d.groupsBelow)
	d.groups[to] = d.groups[name]
	delete(d.groups, name)
}

// rename changes the name of a member wherever it stands.
func (d *real) rename(name, to, dn string) {
	delete(d.dns, name)
	d.dns[to] = dn
	for group, members := range d.groups {
		for i, m := range members {
			if m == name {
				members[i] = to
				d.server.Replace(d.dns[group], slapd.Attributes{"member": d.members(members)})
			}
		}
	}
}

func (d *real) SetValue(person, value string) {
	values := []string{}
	if value != "" {
		values = append(values, value)
	}
	d.server.Replace(d.dns[person], slapd.Attributes{"departmentNumber": values})
}

func (d *real) Disable(person string) {
	d.server.Replace(d.dns[person], d.disabled)
}

func (d *real) Remove(name string) {
	d.server.Delete(d.dns[name])
	delete(d.groups, name)
}

// Forget makes slapd lose its log of changes.
func (d *real) Forget() { d.server.Restart() }

// Restart implements connectortest.Restarter.
func (d *real) Restart() { d.server.Restart() }

// TestContractWithFaults runs the suite on a directory that can be broken on purpose.
func TestContractWithFaults(t *testing.T) {
	for name, fault := range map[string]ldapsim.Fault{
		"a cut line":          {On: ldapsim.OnEntry, After: 9, Drop: true},
		"a size limit":        {On: ldapsim.OnEntry, After: 9, Code: 4},
		"a time limit":        {On: ldapsim.OnDone, After: 4, Code: 3},
		"a cut between pages": {On: ldapsim.OnNextPage, After: 1, Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{
				Attribute: "departmentNumber",
				PageSize:  4,
				New:       func(t *testing.T) connectortest.Directory { return newSimulated(t, fault) },
			})
		})
	}
}

// simulated is an ldapsim. It keeps references whole by itself.
type simulated struct {
	t       *testing.T
	server  *ldapsim.Server
	company *ldapsim.Company
	fault   ldapsim.Fault
	groups  map[string]bool
}

func newSimulated(t *testing.T, fault ldapsim.Fault) *simulated {
	server, company := startSim(t, ldapsim.Options{})
	return &simulated{t: t, server: server, company: company, fault: fault, groups: map[string]bool{}}
}

func (d *simulated) Open(attributes ...string) connectors.Source {
	o := simSettings(d.t, d.server)
	o.PageSize = 4
	return open(d.t, o, attributes...)
}

func (d *simulated) do(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *simulated) dn(name string) string {
	if d.groups[name] {
		return "cn=" + name + ",ou=groups," + slapd.Suffix
	}
	return "uid=" + name + ",ou=people," + slapd.Suffix
}

func (d *simulated) dnsOf(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, d.dn(n))
	}
	return out
}

func (d *simulated) AddPerson(name, value string) {
	a := ldapsim.Attributes{"objectClass": {"inetOrgPerson"}, "uid": {name}, "cn": {"The " + name}, "sn": {name}, "mail": {name + "@example.com"}}
	if value != "" {
		a["departmentNumber"] = []string{value}
	}
	d.do(d.company.Add(d.dn(name), a))
}

func (d *simulated) AddGroup(name string, members ...string) {
	d.groups[name] = true
	d.do(d.company.Add(d.dn(name), ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {name}, "member": d.dnsOf(members)}))
}

func (d *simulated) SetMembers(group string, members ...string) {
	d.do(d.company.Replace(d.dn(group), "member", d.dnsOf(members)...))
}

func (d *simulated) RenamePerson(name, to string) {
	d.do(d.company.Rename(d.dn(name), "uid="+to))
	for attribute, value := range map[string]string{"cn": "The " + to, "sn": to, "mail": to + "@example.com"} {
		d.do(d.company.Replace(d.dn(to), attribute, value))
	}
}

func (d *simulated) RenameGroup(name, to string) {
	d.do(d.company.Rename(d.dn(name), "cn="+to))
	delete(d.groups, name)
	d.groups[to] = true
}

func (d *simulated) SetValue(person, value string) {
	if value == "" {
		d.do(d.company.Replace(d.dn(person), "departmentNumber"))
		return
	}
	d.do(d.company.Replace(d.dn(person), "departmentNumber", value))
}

func (d *simulated) Disable(person string) {
	d.do(d.company.Replace(d.dn(person), "pwdAccountLockedTime", "000001010000Z"))
}

func (d *simulated) Remove(name string) {
	d.do(d.company.Delete(d.dn(name)))
	delete(d.groups, name)
}

func (d *simulated) Break() func() {
	d.server.Break(d.fault)
	return d.server.Heal
}

// TestTheDemosCompanyIsRead reads the company of internal/sim/ldapsim: names of many scripts, a diamond, a cycle, contractors, a
// member who is gone, a machine without an address.
func TestTheDemosCompanyIsRead(t *testing.T) {
	company := ldapsim.NewCompany(time.Now)
	server, err := ldapsim.Start(ldapsim.Options{Directory: company.Directory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	o := simSettings(t, server)
	o.Base, o.Login = ldapsim.Suffix, Login{User: ldapsim.LoginDN, Password: passwordFile(t, ldapsim.LoginPassword)}
	r := connectortest.Follow(t, open(t, o, "contractEndDate"))
	r.Full()
	counts := r.Snapshot.Counts()
	if counts.People != 60 || counts.Groups != 16 || counts.Active != 58 || counts.Having("contractEndDate") != 8 {
		t.Errorf("%+v", counts)
	}
	for group, want := range map[string]int{"server-room": 5, "employees": 51, "project-aurora": 4, "project-borealis": 4, "contractors": 8} {
		if got := r.Members(group); len(got) != want {
			t.Errorf("%s has %d people, want %d: %v", group, len(got), want, got)
		}
	}
	if err := company.RenameGroup("it-leads", "it-heads"); err != nil {
		t.Fatal(err)
	}
	if r.Full(); len(r.Members("server-room")) != 5 || r.Members("it-leads") != nil {
		t.Errorf("after a rename the server room has %v", r.Members("server-room"))
	}
}
