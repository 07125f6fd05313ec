package mapping

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func TestEachCauseOfLeavingHasALadderOfItsOwn(t *testing.T) {
	ana, missed := person("1", "ana@example.com"), nextDay()
	after := func(d time.Duration) *time.Duration { return &d }
	holds := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"))}
	}
	bare := func(since time.Time, change ...func(*access.Account)) func(*Rules) []access.Account {
		return func(*Rules) []access.Account {
			a := account(7, "ana@example.com", "corp:1")
			a.Link.Bare = access.At(since)
			for _, c := range change {
				c(&a)
			}
			return []access.Account{a}
		}
	}
	nobody := func(s *Spec) { s.Rules[0].From = Selector{Source: "corp", Group: "g-staff"} }
	noDoors := func(wait time.Duration) func(*Spec) {
		return func(s *Spec) { nobody(s); s.Leavers.NoDoors = after(wait) }
	}
	moved := person("1", "ana@elsewhere.org")
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		due       time.Time
		conflicts string
	}{
		{"who is deleted is suspended at once", scene{corp: records(ana), deleted: []string{"1"}, accounts: holds},
			[]string{"7 ana@example.com [corp:1] suspend (deleted: deleted in corp, as known since 2026-03-15)"}, time.Time{}, ""},
		{"or later, if the file says so", scene{spec: func(s *Spec) { s.Leavers.Deleted = time.Hour }, corp: records(ana), deleted: []string{"1"}, accounts: holds},
			[]string{"7 ana@example.com [corp:1] leave (deleted: deleted in corp, as known since 2026-03-15; suspended when it stays so)"}, noon().Add(time.Hour), "grace_runs"},
		{"or never", scene{spec: func(s *Spec) { s.Leavers.Deleted = Never }, corp: records(ana), deleted: []string{"1"}, accounts: holds, at: noon().Add(9999 * time.Hour)},
			[]string{"7 ana@example.com [corp:1] leave (deleted: deleted in corp, as known since 2026-03-15; the file says never to suspend for that)"}, time.Time{}, ""},
		{"who is only not there any more has vanished", scene{before: records(ana), accounts: holds, at: missed},
			[]string{"7 ana@example.com [corp:1] suspend (vanished: gone from corp since 2026-03-15)"}, time.Time{}, ""},
		{"which may be never, too", scene{spec: func(s *Spec) { s.Leavers.Vanished = Never }, before: records(ana), accounts: holds, at: missed},
			[]string{"7 ana@example.com [corp:1] leave (vanished: gone from corp since 2026-03-15; the file says never to suspend for that)"}, time.Time{}, ""},
		{"who returns within the grace has never been away", scene{before: records(ana), corp: records(ana), accounts: holds},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, time.Time{}, ""},
		{"deleted in one of two sources: its rights go with that cause", scene{corp: records(ana), deleted: []string{"1"}, con: records(person("9", "ana@example.com")), accounts: func(r *Rules) []access.Account {
			all := holds(r)
			all[0].Link.Anchors = append(all[0].Link.Anchors, "con:9")
			return all
		}}, []string{"7 ana@example.com [con:9] keep +Contractors [contractors] -101 (deleted: deleted in corp, as known since 2026-03-15)"}, time.Time{}, ""},

		{"who left the scope is left alone, and told", scene{corp: records(moved), accounts: holds},
			[]string{"7 ana@elsewhere.org [corp:1] leave (conflict: corp may not speak for addresses at elsewhere.org)"}, time.Time{}, "foreign_domain"},
		{"or suspended, if the file says so", scene{spec: func(s *Spec) { s.Leavers.LeftScope = after(0) }, corp: records(moved), accounts: holds},
			[]string{"7 ana@elsewhere.org [corp:1] suspend (left_scope: corp may not speak for addresses at elsewhere.org) +HQ Staff [hq]"}, time.Time{}, "foreign_domain"},
		{"after a while, from when the source changed it", scene{spec: func(s *Spec) { s.Leavers.LeftScope = after(time.Hour) }, corp: records(changed(moved, noon().Add(-time.Minute))), accounts: holds},
			[]string{"7 ana@elsewhere.org [corp:1] leave (conflict: corp may not speak for addresses at elsewhere.org)"}, noon().Add(59 * time.Minute), "foreign_domain grace_runs"},
		{"which comes to an end", scene{spec: func(s *Spec) { s.Leavers.LeftScope = after(time.Hour) }, corp: records(changed(moved, noon().Add(-time.Hour))), accounts: holds},
			[]string{"7 ana@elsewhere.org [corp:1] suspend (left_scope: corp may not speak for addresses at elsewhere.org) +HQ Staff [hq]"}, time.Time{}, "foreign_domain"},
		{"and does not begin when nobody knows when it was", scene{spec: func(s *Spec) { s.Leavers.LeftScope = after(time.Hour) }, corp: records(moved), accounts: holds},
			[]string{"7 ana@elsewhere.org [corp:1] leave (conflict: corp may not speak for addresses at elsewhere.org)"}, time.Time{}, "foreign_domain"},

		{"who lost the last door keeps the user", scene{spec: nobody, corp: records(ana, staff()), accounts: bare(noon())},
			[]string{"7 ana@example.com [corp:1] keep"}, time.Time{}, ""},
		{"or is suspended, if the file says so", scene{spec: noDoors(0), corp: records(ana, staff()), accounts: bare(noon())},
			[]string{"7 ana@example.com [corp:1] suspend (no_doors: has held no door since 2026-03-15)"}, time.Time{}, ""},
		{"after a while", scene{spec: noDoors(time.Hour), corp: records(ana, staff()), accounts: bare(noon())},
			[]string{"7 ana@example.com [corp:1] keep"}, noon().Add(time.Hour), ""},
		{"but not before the door is taken", scene{spec: noDoors(0), corp: records(ana, staff()), accounts: holds},
			[]string{"7 ana@example.com [corp:1] keep -101 (left_group: no longer a member of g-staff)"}, time.Time{}, ""},
		{"nor while others have given one", scene{spec: noDoors(0), corp: records(ana, staff()), accounts: bare(noon(), func(a *access.Account) { a.Known.Grants = []access.Grant{{Group: 104}} })},
			[]string{"7 ana@example.com [corp:1] keep"}, time.Time{}, ""},
		{"nor a user made by hand", scene{spec: noDoors(0), corp: records(ana, staff()), accounts: bare(noon(), func(a *access.Account) { a.Link.Level = access.Linked })},
			[]string{"7 ana@example.com [corp:1] keep"}, time.Time{}, ""},
		{"nor when nobody knows since when", scene{spec: noDoors(0), corp: records(ana, staff()), accounts: bare(time.Time{})},
			[]string{"7 ana@example.com [corp:1] keep"}, time.Time{}, ""},
		{"nor while a rule cannot be asked", scene{spec: noDoors(0), corp: records(ana), accounts: bare(noon())},
			[]string{"7 ana@example.com [corp:1] keep"}, time.Time{}, ""},
		{"who is suspended for it stays so then", scene{spec: noDoors(0), corp: records(ana), accounts: bare(noon(), func(a *access.Account) { a.Link.Suspended = &access.Cause{Kind: access.NoDoors} })},
			[]string{"7 ana@example.com [corp:1] suspend (no_doors: has held no door since 2026-03-15)"}, time.Time{}, ""},
		{"nor when users without doors are wanted", scene{spec: func(s *Spec) { noDoors(0)(s); s.CreateWithoutDoors = true }, corp: records(ana, staff()), accounts: bare(noon())},
			[]string{"7 ana@example.com [corp:1] keep"}, time.Time{}, ""},
		{"whoever is given a door again comes back", scene{spec: noDoors(0), corp: records(ana, staff("1")), accounts: bare(noon(), func(a *access.Account) { a.Link.Suspended = &access.Cause{Kind: access.NoDoors} })},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, time.Time{}, ""},
		{"or when the file does not say so any more", scene{spec: nobody, corp: records(staff()), accounts: bare(noon(), func(a *access.Account) {
			a.Link.Anchors[0], a.Link.Suspended = "old:1", &access.Cause{Kind: access.NoDoors}
		})}, []string{"7 ana@example.com [old:1] keep"}, time.Time{}, ""},
		{"people of a source that left the file are suspended for it too", scene{spec: noDoors(0), corp: records(staff()), accounts: bare(noon(), func(a *access.Account) { a.Link.Anchors[0] = "old:1" })},
			[]string{"7 ana@example.com [old:1] suspend (no_doors: has held no door since 2026-03-15)"}, time.Time{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.scene.spec
			c.scene.spec = func(s *Spec) {
				hqForAll(s)
				if change != nil {
					change(s)
				}
			}
			c.scene.corp = append(c.scene.corp, admins()...)
			_, _, out := c.scene.play(t)
			if diff := cmp.Diff(c.want, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			if got := out.Desired.Due.Time(); !got.Equal(c.due) {
				t.Errorf("due %v, want %v", got, c.due)
			}
			if got := kinds(out.Conflicts); got != c.conflicts {
				t.Errorf("conflicts %q, want %q: %+v", got, c.conflicts, out.Conflicts)
			}
		})
	}
}

// nextDay is noon of the day after.
func nextDay() time.Time { return noon().Add(24 * time.Hour) }

func TestASourceThatWasRenamedLosesNobody(t *testing.T) {
	renamed := func(s *Spec) {
		hqForAll(s)
		s.Sources[0].Was = []string{"old", "older"}
	}
	ana := person("1", "ana@example.com")
	linked := func(anchors ...access.Anchor) func(*Rules) []access.Account {
		return func(r *Rules) []access.Account {
			a := account(7, "ana@example.com", "", owned(r, 101, "hq"))
			a.Link.Anchors = anchors
			return []access.Account{a}
		}
	}
	for _, c := range []struct {
		name  string
		scene scene
		want  []string
	}{
		{"those whom it has are known, and come to be linked to the new name", scene{corp: records(ana, admins()), accounts: linked("old:1")},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}},
		{"whatever their address is", scene{corp: records(person("1", "new@example.com"), admins()), accounts: linked("older:1")},
			[]string{"7 new@example.com [corp:1] keep +HQ Staff [hq]"}},
		{"those of both names are one", scene{corp: records(ana, admins()), accounts: linked("corp:1", "old:1")},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}},
		{"before it is read they are left alone", scene{unread: []string{"corp"}, corp: records(ana), accounts: linked("old:1")},
			[]string{"7 ana@example.com [corp:1] leave (conflict: source corp was not read yet)"}},
		{"those whom it never had are left alone", scene{corp: records(ana, admins()), accounts: linked("old:x")},
			[]string{"7 ana@example.com [corp:1 corp:x] keep +HQ Staff [hq]"}},
		{"the disabled are suspended", scene{corp: records(disabled(ana), admins()), accounts: linked("old:1")},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}},
		{"the gone leave by their ladder", scene{before: records(ana), corp: records(admins()), at: nextDay(), accounts: linked("old:1")},
			[]string{"7 ana@example.com [corp:1] suspend (vanished: gone from corp since 2026-03-15)"}},
		{"pins go with them", scene{corp: records(ana, admins()), accounts: linked("old:1"), pins: []access.Pin{block("old:1", "")}},
			[]string{"7 ana@example.com [corp:1] suspend (blocked: blocked by lea: badge stolen) +HQ Staff [hq]"}},
		{"whichever name they say", scene{unread: []string{"corp"}, accounts: linked("old:1"), pins: []access.Pin{block("corp:1", "")}},
			[]string{"7 ana@example.com [corp:1] suspend (blocked: blocked by lea: badge stolen)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.scene.spec = renamed
			rules, in, out := c.scene.play(t)
			if diff := cmp.Diff(c.want, tell(out.Desired)); diff != "" {
				t.Error(diff)
			}
			if got, err := rules.Explain(in, strings.Fields(c.want[0])[1]); err != nil || got.Wish == nil || got.Wish.Member != 7 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
