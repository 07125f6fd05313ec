package directory

import (
	"slices"
	"testing"
	"time"
)

// cells are the records of a table with a column of groups: who is in it, with the groups of the row.
func cells(people map[string][]string, more ...Record) (all []Record) {
	ids := []string{}
	for id := range people {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	seen := map[string]bool{}
	for _, id := range ids {
		all = append(all, Record{Kind: PersonIs, ID: id, Name: id})
		for _, g := range people[id] {
			if !seen[g] {
				seen[g] = true
				all = append(all, Record{Kind: GroupIs, ID: g}, Record{Kind: MembersFrom, ID: g})
			}
			all = append(all, Record{Kind: MemberIs, ID: g, Member: Ref{ByID, id}})
		}
	}
	return append(all, more...)
}

func TestWhoseGroupsAreNotKnownStaysInThem(t *testing.T) {
	known := sealed(t, "hr", nil, cells(map[string][]string{"ana": {"door", "lab"}, "bo": {"door"}, "cy": {"door", "roof"}})...)
	unsure := func(id string) []Record {
		return []Record{{Kind: Unsure, ID: id}, {Kind: MembershipsStay, ID: id}}
	}
	nobody := Record{Kind: NoneMissing}
	for name, c := range map[string]struct {
		read []Record
		want map[string][]string // who is in which group, nil for a group that is gone
		gone []string
	}{
		"of one row": {cells(map[string][]string{"bo": {"door"}, "cy": {"door", "roof"}}, unsure("ana")...),
			map[string][]string{"door": {"ana", "bo", "cy"}, "lab": {"ana"}, "roof": {"cy"}}, nil},
		"of one row while others move": {cells(map[string][]string{"bo": {"roof"}}, unsure("ana")...),
			map[string][]string{"door": {"ana"}, "lab": {"ana"}, "roof": {"bo"}}, []string{"cy"}},
		"of a row that could be anybody's": {cells(map[string][]string{"bo": {"roof"}}, nobody),
			map[string][]string{"door": {"ana", "cy"}, "lab": {"ana"}, "roof": {"bo", "cy"}}, nil},
		"of a row that could be anybody's, and somebody is said to be gone": {cells(map[string][]string{"bo": nil}, nobody, Record{Kind: Gone, ID: "cy"}),
			map[string][]string{"door": {"ana"}, "lab": {"ana"}, "roof": {}}, []string{"cy"}},
		"of one row while a group is read as it was, without its members": {
			append(unsure("ana"), Record{Kind: PersonIs, ID: "bo", Name: "bo"}, Record{Kind: PersonIs, ID: "cy", Name: "cy"}, Record{Kind: GroupIs, ID: "door"}),
			map[string][]string{"door": {"ana", "bo", "cy"}, "lab": {"ana"}, "roof": nil}, nil},
		"of nobody": {cells(map[string][]string{"ana": {"lab"}, "bo": {"door"}}),
			map[string][]string{"door": {"bo"}, "lab": {"ana"}, "roof": nil}, []string{"cy"}},
	} {
		next := sealed(t, "hr", known, c.read...)
		for group, want := range c.want {
			_, there := Join(next).FindGroup("hr", Ref{ByID, group})
			var got []string
			for _, m := range membersOf(next, group) {
				got = append(got, m.Value)
			}
			if there != (want != nil) || !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("%s: %s is there: %v, with %v; want %v", name, group, there, got, want)
			}
		}
		for _, id := range []string{"ana", "bo", "cy"} {
			if _, there := Join(next).FindPerson(Key{"hr", id}); there == slices.Contains(c.gone, id) {
				t.Errorf("%s: %s is there: %v", name, id, there)
			}
		}
	}
}

func TestASnapshotIsAsOldAsItsContent(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ said, want time.Time }{
		"nothing said":  {time.Time{}, at},
		"a day before":  {at.Add(-24 * time.Hour), at.Add(-24 * time.Hour)},
		"in the future": {at.Add(time.Hour), at},
	} {
		s, _, err := Build("hr", nil).Seal(Receipt{Coverage: Complete, At: at, AsOf: c.said}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !s.AsOf().Equal(c.want) || !s.Again(Receipt{At: at.Add(time.Hour), AsOf: c.said}).At().Equal(at.Add(time.Hour)) {
			t.Errorf("%s: as of %v, want %v", name, s.AsOf(), c.want)
		}
	}
}
