package plan

import (
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestSettingsOfAGroupAreComparedWhereTheFileSaysThem(t *testing.T) {
	type do = []func(*scene)
	on := func(one access.Setting) access.Settings { return access.Settings{}.With(one, true) }
	off := func(one access.Setting) access.Settings { return access.Settings{}.With(one, false) }
	wants := func(w access.Settings) func(*scene) { return func(s *scene) { s.declared().Settings = w } }
	shows := func(is access.Settings) func(*scene) { return func(s *scene) { s.group().Settings = is } }
	wrote := func(w access.Settings) func(*scene) {
		return func(s *scene) {
			s.groups = []access.GroupAccount{{ID: hq, Name: "HQ Staff", Level: access.Created, Settings: w}}
		}
	}
	byOthers := func(s *scene) { s.groups = nil }
	repair := func(s *scene) { s.in.Policy.Repair = true }
	addOnly := func(s *scene) { s.in.Policy.Mode = AddOnly }
	both := on(access.Geofenced).With(access.AppAccess, true)
	for _, row := range []struct {
		name  string
		scene do
		want  string
	}{
		{"nothing is declared", do{shows(on(access.TimeRestricted)), wrote(off(access.TimeRestricted))}, ""},
		{"as declared", do{wants(on(access.TimeRestricted)), shows(on(access.TimeRestricted).With(access.Geofenced, true)), wrote(access.Settings{})}, ""},
		{"declared for the first time", do{wants(on(access.TimeRestricted)), shows(off(access.TimeRestricted)), wrote(access.Settings{})}, "update group: changed at the source"},
		{"declared otherwise than before", do{wants(off(access.TimeRestricted)), shows(on(access.TimeRestricted)), wrote(on(access.TimeRestricted))}, "update group: changed at the source"},
		{"Kisi does not say", do{wants(on(access.TimeRestricted)), wrote(access.Settings{})}, "update group: changed at the source"},
		{"altered in Kisi", do{wants(on(access.TimeRestricted)), shows(off(access.TimeRestricted)), wrote(on(access.TimeRestricted))}, "(drifted)"},
		{"altered in Kisi, to be repaired", do{wants(on(access.TimeRestricted)), shows(off(access.TimeRestricted)), wrote(on(access.TimeRestricted)), repair}, "update group: repaired"},
		{"one altered, one new", do{wants(both), shows(off(access.Geofenced).With(access.AppAccess, false)), wrote(on(access.Geofenced))}, "update group: changed at the source, (drifted)"},
		{"made by others", do{wants(on(access.TimeRestricted)), shows(off(access.TimeRestricted)), byOthers}, "(drifted)"},
		{"what lets people in comes before what keeps them out", do{wants(both), shows(off(access.Geofenced).With(access.AppAccess, false)), wrote(access.Settings{})},
			"update group: changed at the source, update group: changed at the source"},
		{"only what lets people in, where nothing is taken", do{wants(both), shows(off(access.Geofenced).With(access.AppAccess, false)), wrote(access.Settings{}), addOnly},
			"update group: changed at the source, update group: changed at the source [held: mode]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := tell(newScene(row.scene...).plan()); got != row.want {
				t.Errorf("%s\nwant %s", got, row.want)
			}
		})
	}
}

func TestARestrictionIsWeighedByWhoeverHoldsTheGroup(t *testing.T) {
	s := newScene(link(access.Created, owned(access.Created)), wants, holds)
	s.declared().Settings = access.Settings{}.With(access.ReaderRestricted, true)
	s.groups = []access.GroupAccount{{ID: hq, Name: "HQ Staff", Level: access.Created}}
	s.in.Limits.Removals = Removals{People: 0}
	p := s.plan()
	if len(p.Steps) != 1 || p.Steps[0].Hold == nil || p.Steps[0].Hold.Kind != access.HeldByLimit || p.Steps[0].People != 1 {
		t.Fatalf("%s", tell(p))
	}
}

func TestACutChangeOfAGroupIsSettledByWhatWasWritten(t *testing.T) {
	before, after := access.Settings{}.With(access.TimeRestricted, false), access.Settings{}.With(access.TimeRestricted, true)
	cut := access.Intent{Seq: 3, Begun: now - hour, Cut: now - hour, Call: access.Call{Change: access.Change{Kind: access.UpdateGroup, Object: access.ObjectKey{Group: hq, GroupName: "HQ Staff"},
		Before: &access.Fields{Description: "old", Settings: before}, After: &access.Fields{Description: "old", Settings: after}}}}
	for _, row := range []struct {
		seen access.Group
		want Outcome
	}{
		{access.Group{Settings: after.With(access.AppAccess, true)}, Done},
		{access.Group{Settings: before, Description: "by somebody else"}, NotDone},
		{access.Group{}, Ambiguous},
	} {
		row.seen.ID, row.seen.Name = hq, "HQ Staff"
		state := &access.State{At: now, Covers: access.Scope{All: true}, Groups: []access.Group{row.seen}}
		if got := Settle([]access.Intent{cut}, state)[0].Outcome; got != row.want {
			t.Errorf("%+v: %v, want %v", row.seen, got, row.want)
		}
	}
}
