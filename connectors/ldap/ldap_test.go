package ldap

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

func dump(t testing.TB, s *directory.Snapshot) []string {
	t.Helper()
	var out []string
	err := s.Records(func(r *directory.Record) error {
		handles := slices.Clone(r.Handles)
		slices.SortFunc(handles, func(a, b directory.Ref) int { return int(a.Kind) - int(b.Kind) })
		out = append(out, fmt.Sprint(r.Kind, r.ID, r.Member, handles, r.Email, r.Name, r.Active, r.Attrs, r.Changed.Unix()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func TestSyncreplSmoke(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 60, Groups: 5, Members: 10}.Write})
	r := &reader{t: t, source: open(t, settingsFor(t, s), "departmentNumber")}
	r.full()
	t.Logf("%v %+v %d", r.receipt.Coverage, r.receipt.Proof, r.records)
	r.changes()
	t.Logf("nothing: %v %+v %d", r.receipt.Coverage, r.receipt.Proof, r.records)
	s.Replace(slapd.PersonDN(3), slapd.Attributes{"displayName": {"X"}})
	r.changes()
	t.Logf("one person: %v %+v %d", r.receipt.Coverage, r.receipt.Proof, r.records)
	r.sameAsFull()
	s.Add("cn=printer,"+slapd.Suffix, slapd.Attributes{"objectClass": {"device"}, "cn": {"printer"}})
	r.changes()
	t.Logf("unrelated add: %v %+v %d", r.receipt.Coverage, r.receipt.Proof, r.records)
	s.Replace("cn=printer,"+slapd.Suffix, slapd.Attributes{"description": {"x"}})
	r.changes()
	t.Logf("unrelated modify: %v %+v %d", r.receipt.Coverage, r.receipt.Proof, r.records)
	s.Delete("cn=printer," + slapd.Suffix)
	r.changes()
	t.Logf("unrelated delete: %v %+v %d", r.receipt.Coverage, r.receipt.Proof, r.records)
	s.Delete(slapd.PersonDN(7))
	r.changes()
	t.Logf("person delete: %v %+v %d %+v", r.receipt.Coverage, r.receipt.Proof, r.records, r.diff)
	r.sameAsFull()
	s.Replace(slapd.GroupDN(1), slapd.Attributes{"member": {slapd.PersonDN(1)}})
	r.changes()
	t.Logf("group modify: %v %+v %d %+v", r.receipt.Coverage, r.receipt.Proof, r.records, r.diff)
	r.sameAsFull()
	s.Restart()
	r.changes()
	t.Logf("restart: %v %+v %d %+v", r.receipt.Coverage, r.receipt.Proof, r.records, r.diff)
	s.Delete(slapd.PersonDN(8))
	s.Restart()
	r.changes()
	t.Logf("restart after delete: %v %+v %d %+v", r.receipt.Coverage, r.receipt.Proof, r.records, r.diff)
	r.sameAsFull()
}
