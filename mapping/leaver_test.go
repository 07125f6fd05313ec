package mapping

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestLeaversAndWhenTheAnswerChangesByItself(t *testing.T) {
	spec := func(s *Spec) {
		s.Rules[0] = Rule{Name: "hq", From: Selector{Source: "corp", Everyone: true}, Grant: []string{"HQ Staff"}}
		s.Rules[1].From.Group = "g-admins"
		s.Rules[2].Until = nil
	}
	ana, missed := person("1", "ana@example.com"), noon().Add(24*time.Hour)
	holds := func(r *Rules) []access.Account {
		return []access.Account{account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"))}
	}
	suspended := func(r *Rules) []access.Account {
		all := holds(r)
		all[0].Link.Suspended = &access.Cause{Kind: access.Disabled, Text: "disabled in corp"}
		return all
	}
	both := func(r *Rules) []access.Account {
		a := account(7, "ana@example.com", "corp:1", owned(r, 101, "hq"), owned(r, 103, "contractors"))
		a.Link.Anchors = append(a.Link.Anchors, "con:9")
		return []access.Account{a}
	}
	for _, c := range []struct {
		name      string
		scene     scene
		want      []string
		due       time.Time
		conflicts string
	}{
		{"who vanished is left alone while the grace lasts", scene{before: records(ana), accounts: holds, at: missed.Add(-24*time.Hour + time.Hour)},
			[]string{"7 ana@example.com [corp:1] leave (vanished: gone from corp since 2026-03-15; suspended when it stays so)"}, missed, "grace_runs"},
		{"so is one who was suspended before, and is not let in again", scene{before: records(ana), accounts: suspended},
			[]string{"7 ana@example.com [corp:1] leave (vanished: gone from corp since 2026-03-15; suspended when it stays so)"}, missed, ""},
		{"after the grace the person is suspended and keeps the rights", scene{before: records(ana), accounts: holds, at: missed},
			[]string{"7 ana@example.com [corp:1] suspend (vanished: gone from corp since 2026-03-15)"}, time.Time{}, ""},
		{"without a grace at once", scene{spec: func(s *Spec) { s.Leavers.Vanished = 0 }, before: records(ana), accounts: holds},
			[]string{"7 ana@example.com [corp:1] suspend (vanished: gone from corp since 2026-03-15)"}, time.Time{}, ""},
		{"and is left alone after it while nobody could read whether they are back", scene{before: records(ana), accounts: holds, at: missed, down: true},
			[]string{"7 ana@example.com [corp:1] leave (vanished: gone from corp since 2026-03-15; suspended when it stays so)"}, time.Time{}, "grace_runs"},
		{"an absence that is not believed is none", scene{before: records(ana), corpDoubted: true, accounts: holds, at: missed.Add(time.Hour)},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, time.Time{}, ""},
		{"who is in no source and was never seen there is left alone", scene{accounts: holds},
			[]string{"7 ana@example.com [corp:1] leave (vanished: not in corp, and nobody knows since when)"}, time.Time{}, "lost_track"},
		{"gone from one of two sources: its rights stay while the grace lasts", scene{before: records(ana), con: records(person("9", "ana@example.com")), accounts: both},
			[]string{"7 ana@example.com [con:9 corp:1] keep +Contractors [contractors]"}, missed, ""},
		{"and go after it, while the person stays", scene{before: records(ana), con: records(person("9", "ana@example.com")), accounts: both, at: missed},
			[]string{"7 ana@example.com [con:9] keep +Contractors [contractors] -101 (vanished: gone from corp since 2026-03-15)"}, time.Time{}, ""},
		{"gone from one source and unseen in the other: left alone", scene{before: records(ana), withoutCon: true, accounts: both, at: missed},
			[]string{"7 ana@example.com [corp:1 con:9] leave (conflict: source contractors was not read yet)"}, time.Time{}, ""},
		{"people of a source that left the file lose what it gave, as a change of the file", scene{accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "old:1", owned(r, 101, "old rule"))}
		}}, []string{"7 ana@example.com [old:1] keep -101 (file: rule old rule is no longer in the file)"}, time.Time{}, ""},
		{"but a source that was renamed finds them again", scene{corp: records(ana), accounts: func(r *Rules) []access.Account {
			return []access.Account{account(7, "ana@example.com", "old:1", owned(r, 101, "hq"))}
		}}, []string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, time.Time{}, "recreated_person"},
		{"those of such a source who were suspended stay so", scene{accounts: func(r *Rules) []access.Account {
			all := suspended(r)
			all[0].Link.Anchors[0] = "old:1"
			return all
		}}, []string{"7 ana@example.com [old:1] suspend (disabled: disabled in corp)"}, time.Time{}, ""},
		{"the disabled may have a grace from when they were changed", scene{spec: func(s *Spec) { s.Leavers.Disabled = time.Hour },
			corp: records(changed(disabled(ana), noon().Add(-time.Minute))), accounts: holds},
			[]string{"7 ana@example.com [corp:1] keep +HQ Staff [hq]"}, noon().Add(59 * time.Minute), "grace_runs"},
		{"it ends", scene{spec: func(s *Spec) { s.Leavers.Disabled = time.Hour }, corp: records(changed(disabled(ana), noon().Add(-time.Hour))), accounts: holds},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, time.Time{}, ""},
		{"and there is none when the source does not say when", scene{spec: func(s *Spec) { s.Leavers.Disabled = time.Hour }, corp: records(disabled(ana)), accounts: holds},
			[]string{"7 ana@example.com [corp:1] suspend (disabled: disabled in corp) +HQ Staff [hq]"}, time.Time{}, ""},
		{"a rule that reads today is asked again at midnight", scene{spec: func(s *Spec) {
			s.Rules[1].Where, s.Zone = `today >= date("2026-03-16")`, zone(t, "Europe/Berlin")
		}, corp: records(ana, admins("1"))}, []string{"0 ana@example.com [corp:1] keep +HQ Staff [hq]"}, time.Date(2026, 3, 15, 23, 0, 0, 0, time.UTC), ""},
		{"and has another answer then", scene{spec: func(s *Spec) {
			s.Rules[1].Where, s.Zone = `today >= date("2026-03-16")`, zone(t, "Europe/Berlin")
		}, corp: records(ana, admins("1")), at: time.Date(2026, 3, 15, 23, 0, 0, 0, time.UTC)},
			[]string{"0 ana@example.com [corp:1] keep +HQ Staff [hq] +Server Room [servers]"}, time.Date(2026, 3, 16, 23, 0, 0, 0, time.UTC), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.scene.spec
			c.scene.spec = func(s *Spec) {
				spec(s)
				if change != nil {
					change(s)
				}
			}
			if len(c.scene.corp) == 0 || c.scene.corp[len(c.scene.corp)-1].Kind == directory.PersonIs {
				c.scene.corp = append(c.scene.corp, admins()...)
			}
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

func changed(r directory.Record, at time.Time) directory.Record {
	r.Changed = at
	return r
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
