package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// lies are the ways in which an answer can be wrong or missing. None of them may take anything from anybody.
func lies() []kisisim.Action {
	return []kisisim.Action{
		kisisim.Unavailable(), kisisim.LoginPage(), kisisim.BadGateway(), kisisim.Truncate(), kisisim.EmptyList(), kisisim.LoseRows(1),
		kisisim.RepeatRow(), kisisim.WrongTotal(1), kisisim.WrongTotal(-1), kisisim.NoTotal(), kisisim.CutBefore(), kisisim.CutAfter(), kisisim.CutMiddle(),
		kisisim.Gone(), kisisim.Status(403), kisisim.Unprocessable(), kisisim.Answer(200, "application/json", "null"), kisisim.Answer(200, "application/json", "[]"),
		kisisim.NullFields("access_enabled"), kisisim.NullFields("metadata"), kisisim.NullFields("email"), kisisim.NullFields("name"),
		kisisim.NullFields("valid_until", "valid_from"), kisisim.NullFields("role_id"), kisisim.NullFields("place_id"), kisisim.NullFields("id"),
		kisisim.DropFields("users_count", "scim_access_enabled", "notes"), kisisim.ExtraFields(),
	}
}

// checkKept fails for everything that a step of the way took from somebody who should have kept it.
func (w *world) checkKept(when string, kept map[string][]string) {
	w.t.Helper()
	for who, groups := range kept {
		for _, g := range groups {
			if !w.holds(who, g) {
				w.t.Errorf("%s: %s lost %s", when, who, g)
			}
		}
	}
}

// struck names the requests that a fault has hit.
func (w *world) struck() string {
	var all []string
	for _, r := range w.kisi.Requests() {
		if len(r.Faults) > 0 {
			all = append(all, r.Method+" "+r.Path+" "+r.Query.Encode()+" "+string(r.Body))
		}
	}
	return strings.Join(all, ", ")
}

// heal lets time pass until nothing is parked and every earlier call can be settled, and expects that all is done then.
func (w *world) heal() {
	w.t.Helper()
	for range 2 {
		w.pass(time.Hour)
		w.must(true)
	}
	w.quiet()
}

// changed is a world in which everything at once is to be done: a joiner, a mover, leavers, longer and shorter dates, a group and its doors.
func changed(t *testing.T, assume kisisim.Assumptions) *world { return change(newWorld(t, assume)) }

func change(w *world) *world {
	w.kisi.AddUser(kisisim.UserSpec{Email: "Hand@nordlicht.example", Name: "Made by hand"})
	lab, rule := w.spec.Groups[1], w.spec.Rules[1]
	w.spec.Groups = slices.Delete(w.spec.Groups, 1, 2)
	w.spec.Rules = slices.Delete(w.spec.Rules, 1, 2)
	w.staff.groups["gil"], w.staff.until["gil"] = "temps", "2027-01-31"
	w.staff.groups["hand"] = "staff servers"
	w.must(true)
	w.spec.Groups = slices.Insert(w.spec.Groups, 1, lab)
	w.spec.Rules = slices.Insert(w.spec.Rules, 1, rule)
	w.staff.groups = map[string]string{"ana": "staff", "bo": "staff servers", "cem": "staff", "dora": "temps", "eva": "staff lab",
		"fay": "staff lab", "gil": "temps", "hand": "staff servers"}
	w.staff.until["dora"], w.staff.until["gil"] = "2027-09-30", "2026-12-31"
	w.staff.disabled["cem"], w.staff.disabled["hand"] = true, true
	w.pass(time.Hour)
	return w
}

// cases.md 4, 5, 13, 14: any lie at any place of a run, under the belief that makes replacing a right the hardest.
func TestNoLieAtAnyPlaceOfARunTakesAnythingOrMakesAnythingTwice(t *testing.T) {
	t.Parallel()
	assume := kisisim.Assumptions{PatchAssignment: kisisim.PatchDatesIgnored, DuplicateRight: kisisim.RightAlwaysCreated}
	clean := changed(t, assume)
	clean.kisi.ResetLog()
	clean.must(true)
	last := len(clean.kisi.Requests())
	clean.recover(t)
	want := clean.kisi.World()
	kept := map[string][]string{"ana": {"Staff"}, "bo": {"Staff"}, "gil": {"Contractors"}}
	for i, lie := range lies() {
		if i%sparsely(1) > 0 {
			continue
		}
		t.Run(lie.String(), func(t *testing.T) {
			t.Parallel()
			hit := 0
			for _, nth := range places(i, 13, last) {
				for _, count := range howLong() {
					w := changed(t, assume)
					fault := w.kisi.Inject(kisisim.Fault{Nth: nth, Count: count, Do: lie})
					_, _ = w.run(true)
					fault.Remove()
					hit += fault.Hits()
					where := fmt.Sprintf("from %d for %d: %s", nth, count, w.struck())
					w.checkKept(where, kept)
					w.heal()
					if diff := cmp.Diff(want, w.kisi.World()); diff != "" {
						t.Errorf("%s: %s", where, diff)
					}
					if err := w.kisi.Check(); err != nil {
						t.Errorf("%s: %v", where, err)
					}
				}
			}
			if hit == 0 {
				t.Error("nothing was hit")
			}
		})
	}
}

// howLong returns for how many requests a lie is tried: one, and at every place also three and the rest of the run.
func howLong() []int {
	if *everyPlace {
		return []int{1, 3, kisisim.Always}
	}
	return []int{1}
}

// A lie that lasts stops the work and takes nothing; when it ends, everything is done.
func TestALieThatLastsStopsTheWorkAndTakesNothing(t *testing.T) {
	t.Parallel()
	clean := changed(t, kisisim.Assumptions{})
	clean.must(true)
	clean.recover(t)
	want := clean.kisi.World()
	paths := []string{"/users", "/role_assignments", "/groups", "/group_locks", "/organization"}
	for i, lie := range lies() {
		for k, path := range paths {
			if (i+k)%sparsely(2) > 0 {
				continue
			}
			t.Run(lie.String()+" "+strings.TrimPrefix(path, "/"), func(t *testing.T) {
				t.Parallel()
				w := changed(t, kisisim.Assumptions{})
				fault := w.kisi.Inject(kisisim.Fault{Method: "GET", Path: path, Count: kisisim.Always, Do: lie})
				for range 2 {
					_, _ = w.run(true)
					w.pass(time.Hour)
					w.checkKept(path, map[string][]string{"ana": {"Staff"}, "bo": {"Staff"}, "gil": {"Contractors"}})
				}
				fault.Remove()
				w.heal()
				if diff := cmp.Diff(want, w.kisi.World()); diff != "" {
					t.Error(diff)
				}
				w.kisi.CheckT(t)
			})
		}
	}
}

// Found by TestSoak (seed 3308): users that come without access_enabled are not taken for enabled, or the suspension that we made would be
// somebody's hand from then on, and never lifted.
func TestUsersThatDoNotSayWhetherTheyAreEnabledAreNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{})
	w.must(true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	fault := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.NullFields("access_enabled")})
	w.staff.disabled["cem"] = false
	w.pass(time.Hour)
	_, _ = w.run(true)
	fault.Remove()
	w.heal()
	w.expect("cem", "Staff", true)
	w.kisi.CheckT(t)
}

// Found by TestSoak (seed 3387): where Kisi takes the rights of whom we suspend, somebody is given one by hand meanwhile, and returns.
func TestWhoReturnsIsGivenWhatWasLostByOurSuspensionThoughAnotherRightWasGivenByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kisisim.Assumptions{SuspendedLoseRights: true})
	w.must(true)
	w.staff.disabled["cem"] = true
	w.pass(time.Hour)
	w.must(true)
	w.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(w.kisi.UserID("cem@nordlicht.example")), On: kisisim.Group(w.kisi.GroupID("Cleaning"))})
	w.pass(time.Hour)
	w.must(true)
	w.staff.disabled["cem"] = false
	w.heal()
	w.expect("cem", "Staff", true)
	w.expect("cem", "Cleaning", true)
	w.kisi.CheckT(t)
}
