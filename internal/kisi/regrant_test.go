package kisi_test

import (
	"context"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// regrant is a right that was given for ever and shall end in a year.
type regrant struct {
	*bench
	member, group, right access.RemoteID
	change               access.Change
}

// withRegrant prepares a right whose change is met as assumed.
func withRegrant(t *testing.T, assume kisisim.Assumptions, f func(t *testing.T, r regrant)) {
	t.Helper()
	withAcme(t, kisisim.Options{Assume: assume}, func(t *testing.T, b *bench) {
		r := regrant{bench: b, group: access.RemoteID(b.Groups["Contractors"])}
		r.member = b.do(t, ana()).ID
		r.right = b.do(t, grant(r.member, r.group, time.Time{})).ID
		r.change = r.until(time.Now().AddDate(1, 0, 0))
		f(t, r)
	})
}

func (r regrant) until(end time.Time) access.Change {
	return of(access.UpdateAssignment, access.ObjectKey{Member: r.member, Group: r.group, Assignment: r.right},
		&access.Fields{Role: access.DoorAccess, Until: access.At(end)})
}

func (r regrant) held(t *testing.T) []access.Grant {
	t.Helper()
	return r.bench.member(t, r.member).In(r.group)
}

func TestNoRightIsTakenAwayForDatesThatCannotBe(t *testing.T) {
	withRegrant(t, kisisim.Assumptions{}, func(t *testing.T, r regrant) {
		backwards := r.until(time.Now().AddDate(0, 1, 0))
		backwards.After.From = access.At(time.Now().AddDate(1, 0, 0))
		for _, change := range []access.Change{r.until(time.Now().Add(-time.Hour)), backwards} {
			if _, err := r.target.Do(t.Context(), access.Call{Change: change}); !isOnly(err, access.ErrRefused) {
				t.Errorf("got %v", err)
			}
		}
		if len(r.held(t)) != 1 {
			t.Error("the right is gone")
		}
	})
}

func TestARightThatCannotBeGivenAnewIsGivenBack(t *testing.T) {
	withRegrant(t, kisisim.Assumptions{PatchAssignment: kisisim.PatchDatesIgnored}, func(t *testing.T, r regrant) {
		r.Inject(kisisim.Fault{Method: "POST", Path: "/role_assignments", Nth: 2, Do: kisisim.Unprocessable()})
		if _, err := r.target.Do(t.Context(), access.Call{Change: r.change}); !isOnly(err, access.ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
		if got := r.held(t); len(got) != 1 || got[0].Until != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAReplacementIsFinishedAlthoughWeAreBeingStopped(t *testing.T) {
	withRegrant(t, kisisim.Assumptions{PatchAssignment: kisisim.PatchDatesIgnored}, func(t *testing.T, r regrant) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r.OnAnswer(func(method, _ string, _ int) {
			if method == "DELETE" {
				stop()
			}
		})
		result, err := r.target.Do(ctx, access.Call{Change: r.change})
		if err != nil || result.ID == r.right {
			t.Errorf("got %+v, %v", result, err)
		}
		if got := r.held(t); len(got) != 1 || got[0].Until == 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAChangeIsReadBackAlthoughWeAreBeingStopped(t *testing.T) {
	withRegrant(t, kisisim.Assumptions{}, func(t *testing.T, r regrant) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r.OnAnswer(func(method, _ string, _ int) {
			if method == "PATCH" {
				stop()
			}
		})
		if result, err := r.target.Do(ctx, access.Call{Change: r.change}); err != nil || result.ID != r.right {
			t.Errorf("got %+v, %v", result, err)
		}
	})
}

func TestAnOldRightThatStaysIsNoSuccess(t *testing.T) {
	assume := kisisim.Assumptions{PatchAssignment: kisisim.PatchDatesIgnored, DuplicateRight: kisisim.RightAlwaysCreated}
	withRegrant(t, assume, func(t *testing.T, r regrant) {
		r.Inject(kisisim.Fault{Method: "DELETE", Do: kisisim.Status(403)})
		result, err := r.target.Do(t.Context(), access.Call{Change: r.change})
		if !isOnly(err, access.ErrUnknownOutcome) || result.ID == 0 {
			t.Errorf("got %+v, %v", result, err)
		}
		if got := r.held(t); len(got) != 2 {
			t.Errorf("got %+v", got)
		}
		r.Allow(kisisim.DuplicateGrant)
	})
}

func TestARightThatIsGoneCannotBeChanged(t *testing.T) {
	withRegrant(t, kisisim.Assumptions{}, func(t *testing.T, r regrant) {
		r.DeleteGrant(int64(r.right))
		if _, err := r.target.Do(t.Context(), access.Call{Change: r.change}); !isOnly(err, access.ErrGone) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAChangeThatCannotBeReadBackIsUnknown(t *testing.T) {
	withRegrant(t, kisisim.Assumptions{}, func(t *testing.T, r regrant) {
		r.Inject(kisisim.Fault{Method: "GET", Path: "/role_assignments/{id}", Do: kisisim.LoginPage()})
		if _, err := r.target.Do(t.Context(), access.Call{Change: r.change}); !isOnly(err, access.ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAManagersRightIsEnoughForDoorAccess(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		group := access.RemoteID(b.Groups["HQ / Entire place"])
		janitor := access.RemoteID(b.Users["facility@example.com"])
		if got := b.do(t, grant(janitor, group, time.Time{})); !got.Existed || got.ID == 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// Found by the engine's TestNoLieAtAnyPlaceOfARunTakesAnythingOrMakesAnythingTwice with -every. Kisi says of a right that is there that it is
// not, twice; left standing it would open doors for longer than the new one.
func TestAnOldRightOfWhichKisiSaysThatItIsGoneIsLookedFor(t *testing.T) {
	assume := kisisim.Assumptions{PatchAssignment: kisisim.PatchDatesIgnored, DuplicateRight: kisisim.RightAlwaysCreated}
	for name, gone := range map[string]bool{"and it is not": false, "and it is": true} {
		t.Run(name, func(t *testing.T) {
			withRegrant(t, assume, func(t *testing.T, r regrant) {
				if gone {
					r.Inject(kisisim.Fault{Method: "DELETE", Do: kisisim.Call(func(s *kisisim.Sim) { s.DeleteGrant(int64(r.right)) })})
				} else {
					r.Inject(kisisim.Fault{Method: "DELETE", Do: kisisim.Gone()})
					r.Inject(kisisim.Fault{Method: "GET", Path: "/role_assignments/{id}", Nth: 2, Count: kisisim.Always, Do: kisisim.Gone()})
				}
				_, err := r.target.Do(t.Context(), access.Call{Change: r.change})
				if gone && err != nil || !gone && !isOnly(err, access.ErrUnknownOutcome) {
					t.Errorf("got %v", err)
				}
				if got, want := len(r.held(t)), map[bool]int{true: 1, false: 2}[gone]; got != want {
					t.Errorf("%d rights, want %d", got, want)
				}
				r.Allow(kisisim.DuplicateGrant)
			})
		})
	}
}
