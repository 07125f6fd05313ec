package plan

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// TestWhatAnObservationSaysAboutALostAnswer has a row per kind of call and what may be there afterwards. Every row is tried three
// times: as it stands, with an observation that began a second too soon, and with one that looked at somebody else; the latter two
// say nothing.
func TestWhatAnObservationSaysAboutALostAnswer(t *testing.T) {
	anaKey := access.ObjectKey{Member: ana, Email: "ana@x.com", Group: hq, GroupName: "HQ Staff"}
	rightKey := anaKey
	rightKey.Assignment = anaRow
	groupKey := access.ObjectKey{Group: hq, GroupName: "HQ Staff"}
	door := access.ObjectKey{Group: hq, GroupName: "HQ Staff", Thing: 31}
	doorRow := door
	doorRow.Assignment = 301
	stamp := access.Stamp{Installation: "berlin-1", Anchor: "corp:1"}
	right := func(id access.RemoteID, until access.Instant) access.Grant {
		g := grant(id)
		g.Until = until
		return g
	}
	basic := func(until access.Instant) *access.Fields {
		return &access.Fields{Role: access.DoorAccess, Until: until}
	}

	give := access.Change{Kind: access.CreateAssignment, Object: anaKey, After: basic(50)}
	change := access.Change{Kind: access.UpdateAssignment, Object: rightKey, Before: basic(0), After: basic(50)}
	take := access.Change{Kind: access.RemoveAssignment, Object: rightKey, Before: basic(0)}
	create := access.Change{Kind: access.CreateMember, Object: access.ObjectKey{Email: "ana@x.com"}, After: &access.Fields{Email: "Ana@x.com", Stamp: stamp}}
	rename := access.Change{Kind: access.UpdateMember, Object: anaKey, Before: &access.Fields{Name: "Ana"}, After: &access.Fields{Name: "Ana B."}}
	disable := access.Change{Kind: access.DisableMember, Object: anaKey, Before: &access.Fields{Enabled: true}, After: &access.Fields{}}
	enable := access.Change{Kind: access.EnableMember, Object: anaKey, Before: &access.Fields{}, After: &access.Fields{Enabled: true}}
	newGroup := access.Change{Kind: access.CreateGroup, Object: access.ObjectKey{GroupName: "HQ Staff"}, After: &access.Fields{Name: "HQ Staff"}}
	describe := access.Change{Kind: access.UpdateGroup, Object: groupKey, Before: &access.Fields{Description: "old"}, After: &access.Fields{Description: "new"}}
	addDoor, removeDoor := access.Change{Kind: access.AddDoor, Object: door}, access.Change{Kind: access.RemoveDoor, Object: doorRow}
	addStop, removeStop := addDoor, removeDoor
	addStop.Kind, removeStop.Kind = access.AddStop, access.RemoveStop

	// A right without a role says which one somebody else is known to have given.
	theirs := func(id access.RemoteID) access.Grant { return access.Grant{Assignment: id} }
	has := func(grants ...access.Grant) func(*scene) {
		return func(s *scene) {
			s.user().Grants = nil
			for _, g := range grants {
				if g.Role == access.NoRole {
					s.observed.ByOthers = append(s.observed.ByOthers, g.Assignment)
				} else {
					s.user().Grants = append(s.user().Grants, g)
				}
			}
		}
	}
	is := func(change func(*access.Member)) func(*scene) { return func(s *scene) { change(s.user()) } }
	groups := func(all ...access.Group) func(*scene) { return func(s *scene) { s.observed.Groups = all } }
	opened := func(doors, stops []access.Opening) func(*scene) {
		return groups(access.Group{ID: hq, Name: "HQ Staff", Opened: true, Doors: doors, Stops: stops})
	}
	rows := func(all ...access.Opening) []access.Opening { return all }
	asItWas := func(*scene) {}

	for _, row := range []struct {
		name     string
		change   access.Change
		observed func(*scene)
		want     Outcome
		id       access.RemoteID
	}{
		{"create user: there, with our stamp", create, is(func(m *access.Member) { m.Stamp = stamp }), Done, ana},
		{"create user: there, somebody else's", create, asItWas, NotDone, 0},
		{"create user: there, of another installation", create, is(func(m *access.Member) { m.Stamp = access.Stamp{Installation: "oslo-2", Anchor: "corp:1"} }), NotDone, 0},
		{"create user: spelt otherwise", create, is(func(m *access.Member) { m.Email, m.Stamp = "ANA@X.com", stamp }), Done, ana},
		{"create user: not there", create, gone, NotDone, 0},
		{"rename: done", rename, is(func(m *access.Member) { m.Name = "Ana B." }), Done, 0},
		{"rename: not done", rename, asItWas, NotDone, 0},
		{"rename: a third name", rename, is(func(m *access.Member) { m.Name = "Anna" }), Ambiguous, 0},
		{"rename: gone", rename, gone, NotDone, 0},
		{"suspend: done", disable, off, Done, 0},
		{"suspend: not done", disable, asItWas, NotDone, 0},
		{"restore: done", enable, asItWas, Done, 0},
		{"restore: not done", enable, off, NotDone, 0},
		{"give: there", give, has(right(77, 50)), Done, 77},
		{"give: not there", give, asItWas, NotDone, 0},
		{"give: another right there", give, has(right(77, 60)), Ambiguous, 0},
		{"give: ours and another there", give, has(right(76, 60), right(77, 50)), Done, 77},
		{"give: the user is gone", give, gone, NotDone, 0},
		{"give: there, given by somebody else", give, has(theirs(77), right(77, 50)), NotDone, 0},
		{"give: another right there, given by somebody else", give, has(theirs(77), right(77, 60)), NotDone, 0},
		{"give: somebody else's and ours there", give, has(theirs(76), right(76, 50), right(77, 50)), Done, 77},
		{"change: gone, and another given by somebody else", change, has(theirs(77), right(77, 50)), Lost, 0},
		{"change: not done, of a right that was taken over", change, has(theirs(anaRow), right(anaRow, 0)), NotDone, 0},
		{"change: done in place", change, has(right(anaRow, 50)), Done, anaRow},
		{"change: done by another right", change, has(right(77, 50)), Done, 77},
		{"change: not done", change, has(right(anaRow, 0)), NotDone, 0},
		{"change: half done, both there", change, has(right(77, 50), right(anaRow, 0)), Half, 77},
		{"change: done, and another like it", change, has(right(77, 50), right(anaRow, 50)), Done, anaRow},
		{"change: altered by somebody", change, has(right(anaRow, 70)), Ambiguous, 0},
		{"change: gone with the call that was cut", change, asItWas, Lost, 0},
		{"take: done", take, asItWas, Done, 0},
		{"take: not done", take, has(right(anaRow, 0)), NotDone, 0},
		{"take: done, another there", take, has(right(77, 0)), Done, 0},
		{"take: the user is gone", take, gone, Done, 0},
		{"create group: there", newGroup, asItWas, Done, hq},
		{"create group: not there", newGroup, groups(), NotDone, 0},
		{"create group: in another place", newGroup, groups(access.Group{ID: 9, Name: "HQ Staff", Place: 3}), NotDone, 0},
		{"create group: one of the name was there before", newGroup, groups(access.Group{ID: 8, Name: "HQ Staff", Created: now - 500 - 3601}), NotDone, 0},
		{"create group: there, beside one of before", newGroup, groups(access.Group{ID: 8, Name: "HQ Staff", Created: now - 500 - 3601},
			access.Group{ID: 9, Name: "HQ Staff", Created: now - 500}), Done, 9},
		{"create group: there twice", newGroup, groups(access.Group{ID: 8, Name: "HQ Staff"}, access.Group{ID: 9, Name: "HQ Staff"}), Ambiguous, 0},
		{"describe: done", describe, groups(access.Group{ID: hq, Description: "new"}), Done, 0},
		{"describe: not done", describe, groups(access.Group{ID: hq, Description: "old"}), NotDone, 0},
		{"describe: a third text", describe, groups(access.Group{ID: hq, Description: "by hand"}), Ambiguous, 0},
		{"describe: the group is gone", describe, groups(), NotDone, 0},
		{"add door: there", addDoor, opened(rows(access.Opening{Row: 301, Thing: 31}), nil), Done, 301},
		{"add door: not there", addDoor, opened(rows(access.Opening{Row: 302, Thing: 32}), nil), NotDone, 0},
		{"add door: not read", addDoor, asItWas, Open, 0},
		{"add door: the group is gone", addDoor, groups(), NotDone, 0},
		{"add stop: there", addStop, opened(nil, rows(access.Opening{Row: 301, Thing: 31})), Done, 301},
		{"add stop: only a door of that id", addStop, opened(rows(access.Opening{Row: 301, Thing: 31}), nil), NotDone, 0},
		{"remove door: done", removeDoor, opened(nil, nil), Done, 0},
		{"remove door: not done", removeDoor, opened(rows(access.Opening{Row: 301, Thing: 31}), nil), NotDone, 0},
		{"remove door: done, and put in again by hand", removeDoor, opened(rows(access.Opening{Row: 399, Thing: 31}), nil), Done, 0},
		{"remove door: the group is gone", removeDoor, groups(), Done, 0},
		{"remove stop: not done", removeStop, opened(nil, rows(access.Opening{Row: 301, Thing: 31})), NotDone, 0},
		{"remove stop: done", removeStop, opened(rows(access.Opening{Row: 301, Thing: 31}), nil), Done, 0},
		{"a note", access.Change{Kind: access.LinkMember, Object: anaKey}, asItWas, NotDone, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(row.observed)
			intent := access.Intent{Seq: 5, Call: access.Call{Change: row.change}, Begun: now - 500, Cut: now - settleAfter}
			settle := func(what string, want Verdict) {
				t.Helper()
				if got := Settle([]access.Intent{intent}, s.input().Observed)[0]; got != want {
					t.Errorf("%s: %+v, want %+v", what, got, want)
				}
			}
			settle("in time", Verdict{5, row.want, row.id})
			s.observed.At--
			settle("too soon", Verdict{Seq: 5})
			if s.observed.At++; row.change.Kind.OfMember() && !row.change.Kind.LedgerOnly() {
				s.do(uncovered)
				settle("of somebody else", Verdict{Seq: 5})
			} else if !row.change.Kind.OfMember() {
				s.observed = access.State{At: now}
				settle("of nothing", Verdict{Seq: 5})
			}
		})
	}
}

func TestAnAddressThatWasLookedForSettlesNothingAboutAnID(t *testing.T) {
	s := newScene(gone)
	s.observed.Covers = access.Scope{Emails: []string{"ana@x.com"}}
	intent := access.Intent{Call: access.Call{Change: access.Change{Kind: access.DisableMember, Object: access.ObjectKey{Member: ana, Email: "ana@x.com"},
		Before: &access.Fields{Enabled: true}, After: &access.Fields{}}}, Cut: 1}
	if got := Settle([]access.Intent{intent}, s.input().Observed)[0]; got.Outcome != Open {
		t.Errorf("%+v", got)
	}
}

func TestIDsThatEarlierStepsMadeAreUsed(t *testing.T) {
	s := newScene(holds)
	intent := access.Intent{Call: access.Call{Refs: access.Refs{Member: ana, Group: hq}, Change: access.Change{Kind: access.CreateAssignment,
		Object: access.ObjectKey{Email: "ana@x.com", GroupName: "HQ Staff"}, After: &access.Fields{Role: access.DoorAccess}}}, Cut: 1}
	if got := Settle([]access.Intent{intent}, s.input().Observed)[0]; got.Outcome != Done || got.ID != anaRow {
		t.Errorf("%+v", got)
	}
}

func TestACallOfAProcessThatDiedIsJudgedLater(t *testing.T) {
	for name, row := range map[string]struct {
		intent access.Intent
		want   access.Instant
	}{
		"cut":  {access.Intent{Begun: 100, Cut: 130}, 190},
		"died": {access.Intent{Begun: 100}, 220},
	} {
		if got := SettlesAt(row.intent); got != row.want {
			t.Errorf("%s: %d, want %d", name, got, row.want)
		}
	}
}

func TestAYoungIntentDoesNotKeepAnOldOneOpen(t *testing.T) {
	key := access.ObjectKey{Member: ana, Email: "ana@x.com"}
	disable := access.Call{Change: access.Change{Kind: access.DisableMember, Object: key, Before: &access.Fields{Enabled: true}, After: &access.Fields{}}}
	got := Settle([]access.Intent{{Seq: 1, Call: disable, Cut: now}, {Seq: 2, Call: disable, Cut: 1}}, newScene(off).input().Observed)
	if got[0] != (Verdict{Seq: 1}) || got[1] != (Verdict{Seq: 2, Outcome: Done}) {
		t.Errorf("%+v", got)
	}
}

func TestNothingObservedSettlesNothing(t *testing.T) {
	if got := Settle([]access.Intent{{Seq: 3}}, nil); len(got) != 1 || got[0] != (Verdict{Seq: 3}) {
		t.Errorf("%+v", got)
	}
}

func TestARightIsOursOnlyWhenItWasMadeWhileTheCallCanHaveArrived(t *testing.T) {
	change := access.Change{Kind: access.CreateAssignment, Object: access.ObjectKey{Member: 1, Group: 2}, After: &access.Fields{Role: access.DoorAccess}}
	for name, row := range map[string]struct {
		there, cut, made int // seconds from the moment when it was begun; there and made by Kisi's clock
		want             Outcome
	}{
		"at once":                                 {0, 30, 1, Done},
		"by a clock that is apart":                {-5000, 30, -4999, Done},
		"just before the cut":                     {0, 500, 499, Done},
		"on its way after the cut":                {0, 500, 500 + settleAfter, Done},
		"the program died, after it had waited":   {0, 0, 400, Done},
		"long before":                             {0, 30, -3600, NotDone},
		"long after":                              {0, 30, 3600, NotDone},
		"long after the program died":             {0, 0, 3600, NotDone},
		"long after, by a clock that is apart":    {-5000, 30, 30, NotDone},
		"cut by a clock that was set right since": {0, -9000, 3600, NotDone},
	} {
		t.Run(name, func(t *testing.T) {
			const begun = int(now) - 90_000
			intent := access.Intent{Seq: 5, Call: access.Call{Change: change, There: access.Instant(begun + row.there)}, Begun: access.Instant(begun)}
			if row.cut != 0 {
				intent.Cut = access.Instant(begun + row.cut)
			}
			state := &access.State{Covers: access.Scope{All: true, Made: true}, At: now, Made: map[access.RemoteID]access.Instant{9: access.Instant(begun + row.made)},
				Members: []access.Member{{ID: 1, Grants: []access.Grant{{Assignment: 9, Group: 2, Role: access.DoorAccess}}}}}
			if got := Settle([]access.Intent{intent}, state)[0].Outcome; got != row.want {
				t.Errorf("outcome %d, want %d", got, row.want)
			}
			state.Made = nil
			if got := Settle([]access.Intent{intent}, state)[0].Outcome; got != Done {
				t.Errorf("where Kisi does not say when: outcome %d, want %d", got, Done)
			}
		})
	}
}
