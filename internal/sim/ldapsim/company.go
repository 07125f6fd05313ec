package ldapsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Suffix, and the account that kisi-sync logs in with, of the made-up company.
const (
	Suffix        = "dc=nordlicht,dc=example"
	LoginDN       = "cn=kisi-sync,ou=services," + Suffix
	LoginPassword = "northern-lights"
	peopleDN      = "ou=people," + Suffix
	groupsDN      = "ou=groups," + Suffix
)

// locked is how OpenLDAP's password policy says that an administrator closed an account for good. Any other value of
// pwdAccountLockedTime is a pause after wrong passwords (draft-behera-ldap-password-policy section 5.3.3).
const locked = "000001010000Z"

// A Company is a directory of people and groups with the verbs of a working day. Its methods are safe for concurrent use.
type Company struct {
	*Directory
}

// A Person is what a company knows about somebody.
type Person struct {
	UID, Given, Surname string
	Department, City    string
	Type                string    // employee, contractor, intern
	ContractEnd         time.Time // zero for people who stay
}

// NewCompany makes Nordlicht: some sixty people, not all of them with Latin names, some disabled, contractors with an end
// date around now; and a dozen groups, nested, with a diamond, a cycle, and a member who is not there any more. The same now
// gives the same company. It panics if its own tables contradict each other.
func NewCompany(now func() time.Time) *Company {
	c := &Company{NewDirectory(Suffix, now)}
	for _, ou := range []string{"people", "groups", "services"} {
		must(c.Add("ou="+ou+","+Suffix, Attributes{"objectClass": {"organizationalUnit"}, "ou": {ou}}))
	}
	must(c.Add(LoginDN, Attributes{
		"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"kisi-sync"}, "userPassword": {LoginPassword},
	}))
	c.hire(now())
	must(c.Add(PersonDN("svc-scanner"), Attributes{ // a machine: no address, no door
		"objectClass": {"inetOrgPerson"}, "uid": {"svc-scanner"}, "cn": {"Scan to folder"}, "sn": {"Scanner"},
	}))
	c.group()
	for _, uid := range []string{"hbrandt", "tokafor"} {
		must(c.Disable(uid))
	}
	return c
}

// PersonDN and GroupDN are the names of a person by uid and of a group by cn.
func PersonDN(uid string) string { return "uid=" + uid + "," + peopleDN }

// GroupDN is the name of a group by cn.
func GroupDN(cn string) string { return "cn=" + cn + "," + groupsDN }

// Join adds a person, and makes them a member of groups.
func (c *Company) Join(p Person, groups ...string) error {
	a := Attributes{
		"objectClass": {"inetOrgPerson", "nordlichtPerson"}, "uid": {p.UID}, "cn": {p.Given + " " + p.Surname},
		"givenName": {p.Given}, "sn": {p.Surname}, "displayName": {p.Given + " " + p.Surname},
		"mail": {p.UID + "@nordlicht.example"}, "departmentNumber": {p.Department}, "l": {p.City}, "employeeType": {p.Type},
	}
	if !p.ContractEnd.IsZero() {
		a["contractEndDate"] = []string{p.ContractEnd.Format(time.DateOnly)}
	}
	if err := c.Add(PersonDN(p.UID), a); err != nil {
		return err
	}
	for _, g := range groups {
		if err := c.AddMember(g, PersonDN(p.UID)); err != nil {
			return err
		}
	}
	return nil
}

// Leave deletes people, and with them their memberships.
func (c *Company) Leave(uids ...string) error {
	for _, uid := range uids {
		if err := c.Delete(PersonDN(uid)); err != nil {
			return err
		}
	}
	return nil
}

// Disable closes a person's account as an administrator does.
func (c *Company) Disable(uid string) error {
	return c.Replace(PersonDN(uid), "pwdAccountLockedTime", locked)
}

// Enable opens it again.
func (c *Company) Enable(uid string) error { return c.Replace(PersonDN(uid), "pwdAccountLockedTime") }

// Transfer moves a person from one group to another.
func (c *Company) Transfer(uid, from, to string) error {
	if err := c.AddMember(to, PersonDN(uid)); err != nil {
		return err
	}
	return c.RemoveMember(from, PersonDN(uid))
}

// AddMember makes a DN, of a person or a group, a member of a group. It is fine if it is one already.
func (c *Company) AddMember(group, member string) error {
	members := c.Values(GroupDN(group), "member")
	if slices.Contains(members, member) {
		return nil
	}
	return c.Replace(GroupDN(group), "member", append(members, member)...)
}

// RemoveMember takes a DN out of a group.
func (c *Company) RemoveMember(group, member string) error {
	members := c.Values(GroupDN(group), "member")
	return c.Replace(GroupDN(group), "member", slices.DeleteFunc(members, func(m string) bool { return m == member })...)
}

// RenameGroup gives a group another cn. Its entryUUID stays.
func (c *Company) RenameGroup(old, name string) error { return c.Rename(GroupDN(old), "cn="+name) }

// People lists the uids of a department in the order in which they joined, everybody's when it is empty.
func (c *Company) People(department string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var uids []string
	for _, e := range c.entries {
		if e.values("mail") != nil && (department == "" || slices.Contains(e.values("departmentNumber"), department)) {
			uids = append(uids, e.values("uid")...)
		}
	}
	return uids
}

// hire adds everybody of the staff list. Contractors end 10, 40, 70, … days from now; the first has ended a week ago.
func (c *Company) hire(now time.Time) {
	contractors := 0
	for _, line := range strings.Split(strings.TrimSpace(staff), "\n") {
		f := strings.Split(line, "|")
		p := Person{UID: f[0], Given: f[1], Surname: f[2], Department: f[3], City: f[4], Type: f[5]}
		if p.Type == "contractor" {
			p.ContractEnd = now.AddDate(0, 0, 30*contractors-20)
			if contractors == 0 {
				p.ContractEnd = now.AddDate(0, 0, -7)
			}
			contractors++
		}
		must(c.Join(p))
	}
}

// group adds the groups: those by place and kind from the staff list, then those by hand.
func (c *Company) group() {
	for _, g := range strings.Split(strings.TrimSpace(groups), "\n") {
		name, rest, _ := strings.Cut(g, ":")
		members := []string{}
		for _, m := range strings.Fields(rest) {
			members = append(members, c.expand(m)...)
		}
		must(c.Add(GroupDN(name), Attributes{"objectClass": {"groupOfNames"}, "cn": {name}, "member": members}))
	}
}

// expand reads a member of the groups table: "@group", "attribute=value" for all people who have it, or a uid.
func (c *Company) expand(m string) []string {
	if group, ok := strings.CutPrefix(m, "@"); ok {
		return []string{GroupDN(group)}
	}
	attribute, value, ok := strings.Cut(m, "=")
	if !ok {
		return []string{PersonDN(m)}
	}
	var dns []string
	for _, e := range c.entries {
		if slices.Contains(e.values(attribute), value) && (attribute == "employeeType" || !slices.Contains(e.values("employeeType"), "contractor")) {
			dns = append(dns, e.dn)
		}
	}
	return dns
}

func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("ldapsim: the company's tables: %v", err))
	}
}

// groups is the table of groups. sysadmins and it-oncall share it-leads (a diamond under server-room); the two projects
// contain each other (a cycle); parking names somebody who left before the directory kept references whole.
const groups = `
staff-berlin: l=Berlin
staff-hamburg: l=Hamburg
employees: @staff-berlin @staff-hamburg
contractors: employeeType=contractor
engineering: departmentNumber=Engineering
it: departmentNumber=IT
it-leads: jmueller sweiss
sysadmins: @it-leads nlindqvist dpetrov
it-oncall: @it-leads akaya
server-room: @sysadmins @it-oncall
lab: @engineering yzhang rodonnell
facility: departmentNumber=Facility
board: kschroeder fgarcon
parking: @board @facility hduerr gone.before
project-aurora: @project-borealis lsoerensen mfaerber
project-borealis: @project-aurora pnovak btran
`
