package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors/members"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
)

const namedMembers = `
groups:
  HQ Staff:
    scope: organization
    if_missing: create
    members: [ana@example.com, {email: Bo@Example.com, name: Bo Li, role: group_manager, from_date: 2026-01-01, until: 2026-12-31, notify: true}]
  Lab, small: {scope: {place: HQ}, members: [ana@example.com]}
`

func TestPeopleWhoAreNamedUnderAGroupAreASourceThatGoesLastWithARuleEach(t *testing.T) {
	s := loadText(t, append(least(t), namedMembers...))
	spec := s.MappingSpec()
	if last := spec.Sources[len(spec.Sources)-1]; last.Name != "members" || !last.Stated {
		t.Errorf("last source %+v", last)
	}
	if n := len(spec.Precedence); n < 2 || spec.Precedence[n-1] != "members" {
		t.Errorf("precedence %v", spec.Precedence)
	}
	want := []mapping.Rule{
		{Name: "members of HQ Staff: ana@example.com", Path: "groups.HQ Staff.members[0]", From: mapping.Selector{Source: "members", Group: "HQ Staff/ana@example.com"},
			Grant: []string{"HQ Staff"}, Role: access.DoorAccess},
		{Name: "members of HQ Staff: bo@example.com", Path: "groups.HQ Staff.members[1]", From: mapping.Selector{Source: "members", Group: "HQ Staff/bo@example.com"},
			Grant: []string{"HQ Staff"}, Role: access.GroupManager, Begin: &mapping.Date{Fixed: "2026-01-01"}, Until: &mapping.Date{Fixed: "2026-12-31"}, Notify: true},
		{Name: "members of Lab small: ana@example.com", Path: "groups.Lab, small.members[0]", From: mapping.Selector{Source: "members", Group: "Lab, small/ana@example.com"},
			Grant: []string{"Lab, small"}, Role: access.DoorAccess},
	}
	if d := cmp.Diff(want, spec.Rules[len(spec.Rules)-len(want):]); d != "" {
		t.Errorf("rules (-want +got):\n%s", d)
	}
	source := s.Sources[len(s.Sources)-1]
	entries := []members.Entry{{Group: "HQ Staff", Email: "ana@example.com"}, {Group: "HQ Staff", Email: "Bo@Example.com", Name: "Bo Li"}, {Group: "Lab, small", Email: "ana@example.com"}}
	if d := cmp.Diff(entries, source.Config.(*members.Settings).Entries); d != "" || !source.Stated {
		t.Errorf("source %+v\n%s", source, d)
	}
}

func TestAFileWithoutNamedPeopleHasNoSourceForThem(t *testing.T) {
	s := loadFile(t, "least.yaml")
	if n := len(s.Sources); s.Sources[n-1].Name == "members" || len(s.MappingSpec().Sources) != n {
		t.Errorf("%+v", s.Sources)
	}
}

func TestOnlySettingsThatAreWrittenAreCompared(t *testing.T) {
	s := loadText(t, append(least(t), "groups: {HQ: {scope: organization, restrictions: {time: true, reader: false}, app_access: false}}\n"...))
	want := access.Settings{}.With(access.TimeRestricted, true).With(access.ReaderRestricted, false).With(access.AppAccess, false)
	if got := s.MappingSpec().Groups[0].Settings; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestShownMembersAndSettingsMeanTheSame(t *testing.T) {
	s := loadText(t, append(least(t), namedMembers+"  Garage: {scope: organization, restrictions: {geofence: false}, app_access: true}\n"...))
	shown, err := s.Show()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s.MappingSpec().Groups, loadText(t, shown).MappingSpec().Groups); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(s.MappingSpec().Rules, loadText(t, shown).MappingSpec().Rules); d != "" {
		t.Error(d)
	}
}
