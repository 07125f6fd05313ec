package ldap

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// recorded is a record that lasts.
func recorded(r *directory.Record) directory.Record {
	out := *r
	out.Handles, out.Attrs = slices.Clone(r.Handles), slices.Clone(r.Attrs)
	for i, a := range out.Attrs {
		out.Attrs[i].Values = slices.Clone(a.Values)
	}
	return out
}

// TestBothDecodersBringTheSame reads one directory with ours and with go-ldap's: everything, and then what changed.
func TestBothDecodersBringTheSame(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 300, Groups: 20, Members: 40, Nested: 3}.Write})
	s.Add("cn=Zoë \\23\\, Ünder\\2B,"+slapd.PeopleDN, slapd.Attributes{"objectClass": {"inetOrgPerson"}, "sn": {"Ü"}, "mail": {"zoe@example.com", "z@example.com"}})
	type answer struct {
		Records  []directory.Record
		Coverage directory.Coverage
		Entries  int
	}
	cursors := map[bool]directory.Cursor{}
	read := func(streaming bool) (a answer) {
		o := settingsFor(t, s)
		o.Streaming = streaming
		receipt, err := open(t, o, "departmentNumber", "employeeType").Fetch(context.Background(), cursors[streaming], func(r *directory.Record) error {
			a.Records = append(a.Records, recorded(r))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		cursors[streaming] = receipt.Next
		a.Coverage, a.Entries = receipt.Coverage, receipt.Proof.Entries
		return a
	}
	for _, change := range []func(){
		func() {},
		func() { s.Replace(slapd.PersonDN(3), slapd.Attributes{"departmentNumber": {"IT", "Ünder"}}) },
		func() { s.Delete(slapd.PersonDN(4)); s.Delete(slapd.GroupDN(5)) },
	} {
		change()
		ours, theirs := read(true), read(false)
		if d := cmp.Diff(theirs, ours); d != "" || len(ours.Records) == 0 {
			t.Error(len(ours.Records), d)
		}
	}
}
