package directory

import (
	"iter"
	"slices"
	"testing"
	"time"
)

// membersOf returns how a snapshot names the members of a group.
func membersOf(s *Snapshot, group string) (all []Ref) {
	_ = s.EachGroup(func(r *Record, _ time.Time, members iter.Seq[Ref]) error {
		if r.ID == group {
			all = slices.Collect(members)
		}
		return nil
	})
	return all
}

func TestTheLastWordAboutAnIDCounts(t *testing.T) {
	ana := Record{Kind: PersonIs, ID: "1", Name: "Ana"}
	renamed, gone, unsure := ana, Record{Kind: Gone, ID: "1"}, Record{Kind: Unsure, ID: "1"}
	renamed.Name = "Anna"
	known := sealed(t, "corp", nil, ana)
	for name, c := range map[string]struct {
		records []Record
		want    string // the name, "" for gone
	}{
		"read, then gone":      {[]Record{renamed, gone}, ""},
		"gone, then read":      {[]Record{gone, renamed}, "Anna"},
		"read twice":           {[]Record{ana, renamed}, "Anna"},
		"gone, then unsure":    {[]Record{gone, unsure}, "Ana"},
		"unsure, then gone":    {[]Record{unsure, gone}, ""},
		"read, then not whole": {[]Record{renamed, unsure}, "Anna"},
	} {
		for _, last := range []*Snapshot{nil, known} {
			if last == nil && c.want == "Ana" {
				continue // nothing was known that could stay
			}
			v := Join(sealed(t, "corp", last, c.records...))
			got, ok := v.FindPerson(Key{"corp", "1"})
			if ok != (c.want != "") || ok && got.Name() != c.want {
				t.Errorf("%s: %v, want %q", name, ok, c.want)
			}
		}
	}
}

func TestTheLastWordAboutAMemberCounts(t *testing.T) {
	ana, group := Ref{ByDN, "uid=ana"}, Record{Kind: GroupIs, ID: "g"}
	is, gone, whole := Record{Kind: MemberIs, ID: "g", Member: ana}, Record{Kind: MemberGone, ID: "g", Member: ana}, Record{Kind: MembersFrom, ID: "g"}
	for name, c := range map[string]struct {
		records []Record
		member  bool
	}{
		"came and went":              {[]Record{is, gone}, false},
		"went and came":              {[]Record{gone, is}, true},
		"went, came and went":        {[]Record{gone, is, gone}, false},
		"came, went and came":        {[]Record{is, gone, is}, true},
		"is named by the whole list": {[]Record{gone, whole, is}, true},
		"is not on the whole list":   {[]Record{is, whole}, false},
		"left the whole list":        {[]Record{whole, is, gone}, false},
	} {
		for _, last := range []*Snapshot{sealed(t, "corp", nil, group), sealed(t, "corp", nil, group, is)} {
			s := sealed(t, "corp", last, append([]Record{group}, c.records...)...)
			if got := slices.Contains(membersOf(s, "g"), ana); got != c.member {
				t.Errorf("%s: member is %v", name, got)
			}
		}
	}
}
