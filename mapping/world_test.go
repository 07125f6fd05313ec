package mapping

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// noon is when most tests play.
func noon() time.Time { return time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC) }

// read makes a snapshot of a complete read. last may be nil.
func read(t testing.TB, source string, last *directory.Snapshot, at time.Time, records ...directory.Record) *directory.Snapshot {
	t.Helper()
	b := directory.Build(source, last)
	for i := range records {
		if err := b.Put(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// person is a record of an active person; attributes are name, value, name, value in order of names.
func person(id, mail string, attributes ...string) directory.Record {
	r := directory.Record{Kind: directory.PersonIs, ID: id, Email: mail, Name: "Name of " + strings.ToLower(strings.Split(cmp.Or(mail, id), "@")[0]), Active: directory.Yes}
	for i := 0; i < len(attributes); i += 2 {
		if n := len(r.Attrs); n > 0 && r.Attrs[n-1].Name == attributes[i] {
			r.Attrs[n-1].Values = append(r.Attrs[n-1].Values, attributes[i+1])
			continue
		}
		r.Attrs = append(r.Attrs, directory.Attr{Name: attributes[i], Values: []string{attributes[i+1]}})
	}
	return r
}

func disabled(r directory.Record) directory.Record {
	r.Active = directory.No
	return r
}

// group is a record of a group, followed by its members by id.
func group(id, name string, members ...string) []directory.Record {
	out := []directory.Record{
		{Kind: directory.GroupIs, ID: id, Name: name, Handles: []directory.Ref{{Kind: directory.ByDN, Value: "cn=" + fold(name) + ",dc=x"}}},
		{Kind: directory.MembersFrom, ID: id},
	}
	for _, m := range members {
		out = append(out, directory.Record{Kind: directory.MemberIs, ID: id, Member: directory.Ref{Kind: directory.ByID, Value: m}})
	}
	return out
}

func records(all ...any) []directory.Record {
	var out []directory.Record
	for _, x := range all {
		switch x := x.(type) {
		case directory.Record:
			out = append(out, x)
		case []directory.Record:
			out = append(out, x...)
		}
	}
	return out
}

// kisi is an organization with the groups that the tests' files name.
func kisi() *access.Catalog {
	return &access.Catalog{
		Places: []access.Place{{ID: 1, Name: "HQ"}, {ID: 2, Name: "Lab"}},
		Doors: []access.Door{{ID: 11, Place: 1, Name: "Main entrance"}, {ID: 12, Place: 1, Name: "Garage"}, {ID: 21, Place: 2, Name: "Main entrance"},
			{ID: 22, Place: 2, Name: "Clean room"}},
		Stops: []access.Stop{{ID: 31, Place: 1, Elevator: 5, ElevatorName: "Lift A", Name: "Floor 3"}},
		Groups: []access.Group{{ID: 101, Name: "HQ Staff"}, {ID: 102, Name: "Server Room"}, {ID: 103, Name: "Contractors"},
			{ID: 104, Name: "Lab", Place: 2}},
	}
}

// owned is a right that a rule gave, with the rule's mark as it is in rules.
func owned(rules *Rules, remote access.RemoteID, rule string) access.OwnedGrant {
	g := access.OwnedGrant{Group: remote, Assignment: remote * 10, Level: access.Created, Role: access.DoorAccess}
	g.Cause = &access.Cause{Kind: access.ByRule, Rule: rule}
	if i, ok := rules.ruleNamed(rule); ok {
		g.Cause.Mark = rules.rules[i].mark
	}
	return g
}

func account(id access.RemoteID, mail string, anchor string, grants ...access.OwnedGrant) access.Account {
	return access.Account{
		Known: access.Member{ID: id, Email: mail, Enabled: true},
		Link:  access.Link{Anchors: []access.Anchor{access.Anchor(anchor)}, Level: access.Created},
		Owned: grants,
	}
}

func ledger(accounts ...access.Account) *access.Ledger { return access.NewLedger(accounts, nil) }
