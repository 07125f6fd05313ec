package plan

import (
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestASensitiveGroupHasALimitOfItsOwn(t *testing.T) {
	sensitive := func(limit int) func(*scene) {
		return func(s *scene) { s.in.Limits.Sensitive, s.desired.Groups[0].Sensitive = limit, true }
	}
	byDoor := func(s *scene) {
		s.in.Limits.Sensitive, s.desired.Sensitive = 0, []access.RemoteID{31}
		s.observed.Groups[0].Doors = []access.Opening{{Row: 5, Thing: 31}}
	}
	spent := func(effect access.Effect, cause access.CauseKind) func(*scene) {
		return func(s *scene) {
			s.in.Spent = append(s.in.Spent, access.Spending{At: now, Effect: effect, Cause: cause, Group: hq, Email: "other@x.com"})
		}
	}
	newGroup := func(s *scene) { s.desired.Groups[0].ID, s.desired.Groups[0].Create, s.observed.Groups = 0, true, nil }
	door := func(s *scene) {
		s.desired.Groups[0].Openings, s.desired.Groups[0].Doors = true, []access.RemoteID{31}
		s.observed.Groups[0].Opened = true
	}
	approve := func(s *scene) {
		for _, step := range s.plan().Steps {
			s.in.Holds = append(s.in.Holds, access.Hold{Step: step.ID, Verdict: access.Approved})
		}
	}
	deleted := func(s *scene) { s.desired.Causes[disabled].Kind = access.Deleted }
	for _, row := range []struct {
		name string
		s    *scene
		want string
	}{
		{"without a limit nothing waits", staff(20, times(5, leftGroup)...).do(sensitive(-1)), "5 done, 0 held"},
		{"every loss waits", staff(20, leftGroup).do(sensitive(0)), "0 done, 1 held"},
		{"every loss by any ordinary cause", staff(20, expired).do(sensitive(0)), "0 done, 1 held"},
		{"every gain waits", newScene(wants, link(access.Created)).do(sensitive(0)), "0 done, 1 held"},
		{"also in a group that is not there yet", newScene(wants, link(access.Created), newGroup).do(sensitive(0)), "1 done, 1 held"},
		{"a few may be allowed", staff(20, times(2, leftGroup)...).do(sensitive(2)), "2 done, 0 held"},
		{"but not one more", staff(20, times(3, leftGroup)...).do(sensitive(2)), "0 done, 3 held"},
		{"causes count together", staff(20, leftGroup, expired, byFile).do(sensitive(2)), "0 done, 3 held"},
		{"and what was spent counts", staff(20, leftGroup).do(sensitive(1), spent(access.Narrows, access.Expired)), "0 done, 1 held"},
		{"gains and losses are counted apart", staff(20, leftGroup).do(sensitive(1), spent(access.Widens, access.ByRule)), "1 done, 0 held"},
		{"leavers do not wait", staff(20, append(times(3, disabled), vanished)...).do(sensitive(0)), "4 done, 0 held"},
		{"nor who is deleted", staff(20, times(3, disabled)...).do(sensitive(0), deleted), "3 done, 0 held"},
		{"nor who is suspended for want of doors, while there is a sensitive group still to be made", newScene(suspend(disabled), link(access.Created), newGroup).do(sensitive(0), func(s *scene) {
			s.desired.Causes[disabled].Kind = access.NoDoors
		}), "2 done, 0 held"},
		{"nor who is blocked", staff(20, blocked).do(sensitive(0)), "1 done, 0 held"},
		{"nor do they count", staff(20, leftGroup).do(sensitive(1), spent(access.Narrows, access.Disabled)), "1 done, 0 held"},
		{"a door that is sensitive makes its group so", staff(20, leftGroup).do(byDoor), "0 done, 1 held"},
		{"a door of the group waits too", staff(20).do(sensitive(0), door), "0 done, 1 held"},
		{"who comes back to it waits", newScene(link(access.Created, owned(access.Created)), suspendedByUs, wants, holds, off).do(sensitive(0)), "0 done, 1 held"},
		{"what was approved passes", staff(20, leftGroup).do(sensitive(0), approve), "1 done, 0 held"},
		{"another group does not wait", staff(20, leftGroup).do(func(s *scene) { s.in.Limits.Sensitive = 0 }), "1 done, 0 held"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := row.s.plan()
			if got := doneAndHeld(p); got != row.want {
				t.Errorf("%s, want %s: %s", got, row.want, tell(p))
			}
			for i := range p.Steps {
				if h := p.Steps[i].Hold; h != nil && !(strings.Contains(h.Text, "HQ Staff, which is sensitive") && strings.Contains(h.Text, ", limits.sensitive.people is ")) {
					t.Errorf("held: %s", h.Text)
				}
			}
		})
	}
}

func TestTheDeletedShareTheLimitOfTheDisabled(t *testing.T) {
	some := func(s *scene) {
		s.in.Limits.Disabled = 3
		s.desired.Causes = append(s.desired.Causes, access.Cause{Kind: access.Deleted, Text: "deleted in corp"})
		for i := range s.desired.Wishes[:2] {
			s.desired.Wishes[i].Cause = uint32(len(s.desired.Causes) - 1)
		}
	}
	if got := doneAndHeld(staff(20, times(4, disabled)...).do(some).plan()); got != "0 done, 4 held" {
		t.Errorf("four of the two causes together: %s", got)
	}
	if got := doneAndHeld(staff(20, times(3, disabled)...).do(some).plan()); got != "3 done, 0 held" {
		t.Errorf("three of the two causes together: %s", got)
	}
	late := func(s *scene) {
		some(s)
		s.in.Spent = append(s.in.Spent, access.Spending{At: now, Effect: access.Narrows, Cause: access.Deleted, Email: "other@x.com"})
	}
	if got := doneAndHeld(staff(20, times(3, disabled)...).do(late).plan()); got != "0 done, 3 held" {
		t.Errorf("three, and one of late: %s", got)
	}
}

func TestASuspensionForWantOfDoorsIsWeighedByItself(t *testing.T) {
	noDoors := func(s *scene) { s.desired.Causes[vanished].Kind, s.in.Limits.Removals.People = access.NoDoors, 3 }
	p := staff(20, append(times(4, vanished), leftGroup)...).do(noDoors).plan()
	if got := doneAndHeld(p); got != "1 done, 4 held" {
		t.Error(got)
	}
	if h := p.Steps[0].Hold; h == nil || !strings.Contains(h.Text, "has held no door for long") {
		t.Errorf("%+v", h)
	}
}
