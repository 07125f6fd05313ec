package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// desiredOf is a desired state of two groups, in which cause 1 gives and cause 2 takes.
func desiredOf(wishes ...access.Wish) *access.Desired {
	return &access.Desired{Groups: []access.DesiredGroup{{ID: 1, Name: "Lab"}, {ID: 2, Name: "Staff"}}, Wishes: wishes,
		Causes: []access.Cause{{}, {Text: "rule r: member of x"}, {Text: "rule r changed in the file"}, {Text: "disabled in corp"}}}
}

func wish(id access.RemoteID, mail string, grants ...access.WishedGrant) access.Wish {
	for i := range grants {
		grants[i].Cause = 1
		grants[i].Role = max(grants[i].Role, access.DoorAccess)
	}
	return access.Wish{Member: id, Email: mail, Folded: mail, Grants: grants}
}

func TestCompareSaysWhoGainsAndLosesByAnotherFile(t *testing.T) {
	lab, staff := access.WishedGrant{Group: 0}, access.WishedGrant{Group: 1}
	loser := wish(3, "cy@x", lab)
	loser.Grants, loser.Losses = nil, []access.Loss{{Group: 1, Cause: 2}}
	shut := wish(6, "fo@x", staff)
	shut.Standing, shut.Cause = access.Suspend, 3
	before := desiredOf(wish(1, "ana@x", staff), wish(2, "bo@x", staff), wish(3, "cy@x", lab), wish(0, "di@x", lab), wish(5, "ed@x", staff), wish(6, "fo@x", staff), wish(7, "gi@x", staff))
	after := desiredOf(wish(1, "ana@x", staff), wish(2, "bo@x", lab, staff), loser, wish(0, "new@x", lab), wish(5, "ed@x", access.WishedGrant{Group: 1, Role: access.GroupManager}),
		shut, wish(7, "gi@x", access.WishedGrant{Group: 1, Unsure: true}))
	want := []Shift{
		{Kind: Gains, Group: "Lab", Why: "rule r: member of x", People: []string{"bo@x", "new@x"}},
		{Kind: Loses, Group: "Lab", Why: "no longer by rule r: member of x", People: []string{"di@x"}},
		{Kind: Loses, Group: "Lab", Why: "rule r changed in the file", People: []string{"cy@x"}},
		{Kind: Alters, Group: "Staff", Why: "rule r: member of x", Terms: " as group_manager", People: []string{"ed@x"}},
		{Kind: Unsures, Group: "Staff", Why: "rule r: member of x", People: []string{"gi@x"}},
		{Kind: Shuts, Why: "disabled in corp", People: []string{"fo@x"}},
	}
	for range 20 { // maps are walked on the way
		if diff := cmp.Diff(want, Compare(before, after)); diff != "" {
			t.Fatal(diff)
		}
	}
	if same := Compare(before, before); same != nil {
		t.Error(same)
	}
}

func TestAShiftIsOneSentence(t *testing.T) {
	for want, s := range map[string]Shift{
		"ana@x gains Lab (Clean room) until 2026-12-31: rule r":              {Gains, "Lab", "rule r", " until 2026-12-31", []string{"ana@x"}},
		"2 people lose Lab (Clean room): rule r is gone":                     {Loses, "Lab", "rule r is gone", "", []string{"ana@x", "bo@x"}},
		"ana@x keeps Lab, now as group_manager: rule r":                      {Alters, "Lab", "rule r", " as group_manager", []string{"ana@x"}},
		"whether ana@x has Lab cannot be decided, it stays as it is: rule r": {Unsures, "Lab", "rule r", "", []string{"ana@x"}},
		"ana@x: disabled in corp":                                            {Shuts, "", "disabled in corp", "", []string{"ana@x"}},
	} {
		if got := s.Text(" (Clean room)"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
