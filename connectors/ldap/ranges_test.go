package ldap

import (
	"context"
	"fmt"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

const everybody = "cn=everybody,ou=groups," + slapd.Suffix

// large is a directory that hands out lists as Active Directory does, with one group of n people.
func large(t *testing.T, n int) (*ldapsim.Server, *ldapsim.Company, *Settings) {
	t.Helper()
	server, company := startSim(t, ldapsim.Options{MaxValRange: 1500})
	var all []string
	for i := range n {
		dn := fmt.Sprintf("uid=p%d,ou=people,%s", i, slapd.Suffix)
		all = append(all, dn)
		if err := company.Add(dn, ldapsim.Attributes{"objectClass": {"inetOrgPerson"}, "uid": {fmt.Sprint("p", i)}, "cn": {"P"}, "sn": {"P"}, "mail": {fmt.Sprintf("p%d@example.com", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := company.Add(everybody, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {"everybody"}, "member": all, "uSNChanged": {"1"}}); err != nil {
		t.Fatal(err)
	}
	o := simSettings(t, server)
	o.Preset = "active_directory"
	o.People.Filter, o.People.ID = "(objectClass=inetOrgPerson)", "entryUUID"
	o.Groups.Filter, o.Groups.ID = "(objectClass=groupOfNames)", "entryUUID"
	return server, company, o
}

func TestAListThatComesInRangesIsReadToItsEnd(t *testing.T) {
	for _, n := range []int{1499, 1500, 1501, 3000, 3700} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			_, _, o := large(t, n)
			r := connectortest.Follow(t, open(t, o))
			r.Full()
			if got := len(r.Members("everybody")); got != n {
				t.Errorf("%d members", got)
			}
		})
	}
}

func TestARangeThatFailsHalfWayVoidsTheRead(t *testing.T) {
	for name, fault := range map[string]ldapsim.Fault{
		"a cut line": {On: ldapsim.OnEntry, After: 3702, Drop: true},
		"a refusal":  {On: ldapsim.OnEntry, After: 3702, Code: 51},
	} {
		t.Run(name, func(t *testing.T) {
			server, _, o := large(t, 3700)
			server.Break(fault)
			if err := fetch(t, o); err == nil {
				t.Error("no error")
			}
			server.Heal()
			if err := fetch(t, o); err != nil {
				t.Error(err)
			}
		})
	}
}

// A list that changes between two ranges would be read as one that it never was.
func TestAListThatChangesWhileItIsReadIsReadAnew(t *testing.T) {
	_, company, o := large(t, 3700)
	b := directory.Build("corp", nil)
	members, changed := 0, false
	receipt, err := open(t, o).Fetch(context.Background(), directory.Cursor{}, func(r *directory.Record) error {
		if r.Kind == directory.MemberIs {
			members++
		}
		if members == 1600 && !changed { // the second range is under way
			changed = true
			for attribute, value := range map[string]string{"member": "uid=p7,ou=people," + slapd.Suffix, "uSNChanged": "2"} {
				if err := company.Replace(everybody, attribute, value); err != nil {
					t.Error(err)
				}
			}
		}
		return b.Put(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := b.Seal(receipt, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := connectortest.Follow(t, nil)
	if r.Snapshot = s; len(r.Members("everybody")) != 1 {
		t.Errorf("members are %v", r.Members("everybody"))
	}
}

func TestRangesAreUnderstood(t *testing.T) {
	for _, c := range []struct {
		name       string
		begin, end int
		ok         bool
	}{
		{"member;range=0-1499", 0, 1499, true},
		{"Member;Range=1500-*", 1500, -1, true},
		{"member", 0, 0, false},
		{"member;range=5-2", 0, 0, false},
		{"member;range=x-*", 0, 0, false},
		{"memberOf;range=0-*", 0, 0, false},
	} {
		begin, end, ok := rangeOf(c.name, "member")
		if ok != c.ok || ok && (begin != c.begin || end != c.end) {
			t.Errorf("%s is %d to %d, %v", c.name, begin, end, ok)
		}
	}
}
