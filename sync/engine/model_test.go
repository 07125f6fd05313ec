package engine_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// life is a world to which anything may happen in any order, with what a simple mind expects of it.
type life struct {
	*world
	dice    dice
	assume  kisisim.Assumptions
	names   []string       // everybody who may be in the directory
	read    staff          // the directory as it was last read
	rules   []mapping.Rule // all; those of the file are some of them
	old     []byte         // an earlier state file; nil for none
	oldRead staff          // the directory as that one knows it
	forgot  bool           // the state file was lost or old once: rights of before are nobody's
	touched map[string]bool
	frozen  map[string]bool // suspended by hand
	log     []string
}

// dice decide what happens: rapid's, which can be shrunk, or those of a seed.
type dice interface {
	roll(what string, from, to int) int // both included
}

type rapidDice struct{ t *rapid.T }

func (d rapidDice) roll(what string, from, to int) int {
	return rapid.IntRange(from, to).Draw(d.t, what)
}

// chance is true once in n times.
func (l *life) chance(what string, n int) bool { return l.dice.roll(what, 1, n) == n }

func pickFrom[T any](d dice, what string, all []T) T { return all[d.roll(what, 0, len(all)-1)] }

func newLife(w *world, d dice) *life {
	return &life{world: w, dice: d, names: everyName(), rules: w.spec.Rules, touched: map[string]bool{}, frozen: map[string]bool{}}
}

func (l *life) say(format string, args ...any) { l.log = append(l.log, fmt.Sprintf(format, args...)) }

func everyName() []string { return []string{"ana", "bo", "cem", "dora", "eva", "fay", "gil", "hand"} }

// doors are the groups of the directory with the groups in Kisi that the rules give for them.
func doors() map[string]string {
	return map[string]string{"staff": "Staff", "lab": "HQ / Lab", "servers": "HQ / Server Room", "temps": "Contractors"}
}

func everyGroup() []string { return []string{"staff", "lab", "servers", "temps"} }

// someGroups draws up to three groups of the directory.
func (l *life) someGroups() []string {
	var some []string
	for range l.dice.roll("how many groups", 0, 3) {
		if g := pickFrom(l.dice, "of groups", everyGroup()); !slices.Contains(some, g) {
			some = append(some, g)
		}
	}
	return some
}

// happen lets something happen in the directory, in the file, or in Kisi.
func (l *life) happen() {
	who := pickFrom(l.dice, "who", l.names)
	switch what := l.dice.roll("event", 0, 19); {
	case what < 7:
		groups := l.someGroups()
		l.say("%s is in %v", who, groups)
		l.staff.groups[who] = strings.Join(groups, " ")
	case what < 10:
		l.staff.disabled[who] = !l.staff.disabled[who]
		l.say("%s is disabled: %v", who, l.staff.disabled[who])
	case what < 12:
		l.say("%s vanishes", who)
		delete(l.staff.groups, who)
	case what < 14:
		l.staff.until[who] = l.truth().AddDate(0, 0, l.dice.roll("days", -3, 30)).Format("2006-01-02")
		l.say("%s may stay until %s", who, l.staff.until[who])
	case what == 14:
		l.say("%s is made again", who)
		l.staff.ids[who] = fmt.Sprintf("id-%s-%d", who, len(l.log))
	case what == 15:
		n := l.dice.roll("rules", 1, len(l.rules))
		l.spec.Rules = slices.Clone(l.rules[:n])
		l.say("the file has %d rules", n)
	case what == 16:
		l.loseState()
	default:
		l.byHand(who)
	}
}

// loseState loses the state file or puts an earlier copy back.
func (l *life) loseState() {
	if _, err := os.Stat(l.path); err != nil {
		return // lost already
	}
	switch l.dice.roll("state", 0, 2) {
	case 0:
		l.old, l.oldRead = l.copyState(), l.read
	case 1:
		if l.old != nil {
			l.say("the state file is an old one")
			l.restoreState(l.old)
			l.read = l.oldRead
			l.forgot = true
			l.letInTaken()
		}
	default:
		l.say("the state file is lost")
		l.forget()
		l.forgot, l.old = true, nil
	}
}

// byHand lets somebody do something in Kisi.
func (l *life) byHand(who string) {
	id := l.kisi.UserID(who + "@nordlicht.example")
	if id == 0 {
		return
	}
	group := doors()[pickFrom(l.dice, "group", everyGroup())]
	right := l.right(who, group)
	switch what := l.dice.roll("by hand", 0, 4); {
	case what == 0 && !l.frozen[who] && l.user(who).Access && !l.taken()[who]: // of who is suspended already, nobody could tell
		l.say("somebody suspends %s", who)
		l.kisi.SuspendUser(id)
		l.frozen[who] = true
	case what == 1 && l.frozen[who]:
		l.say("somebody restores %s", who)
		l.kisi.ResumeUser(id)
		l.frozen[who] = false
	case what == 2 && right != 0:
		l.say("somebody takes %s from %s", group, who)
		l.kisi.DeleteGrant(right)
		l.touched[who+" "+group] = true
	case what == 3 && right == 0 && l.kisi.GroupID(group) != 0:
		l.say("somebody gives %s to %s", group, who)
		l.kisi.AddGrant(kisisim.GrantSpec{To: kisisim.User(id), On: kisisim.Group(l.kisi.GroupID(group))})
		l.touched[who+" "+group] = true
	case what == 4 && right != 0:
		l.say("somebody changes the dates of %s in %s", who, group)
		l.kisi.SetDates(right, time.Time{}, l.truth().AddDate(0, 0, 10))
		l.touched[who+" "+group] = true
	}
}

// runOnce runs once, perhaps with something that breaks.
func (l *life) runOnce() {
	l.pass(time.Duration(l.dice.roll("minutes", 15, 4000)) * time.Minute)
	full := l.chance("full", 2)
	breaks := l.dice.roll("breaks", 0, 5)
	var fault *kisisim.Injection
	switch breaks {
	case 0:
		l.mortal(l.dice.roll("killed at", 1, 40))
	case 1:
		fault = l.kisi.Inject(kisisim.Fault{Nth: l.dice.roll("nth", 1, 40), Count: pickFrom(l.dice, "times", []int{1, 3, kisisim.Always}),
			Do: pickFrom(l.dice, "lie", lies())})
	case 2:
		l.staff.fail, l.staff.partial = errors.New("directory is down"), l.dice.roll("partial", 0, 20)
	}
	before := l.look()
	readErr, err := l.run(full)
	if readErr == nil {
		l.wasRead()
	}
	l.say("run full=%v breaks=%d: %v %v", full, breaks, readErr, err)
	l.check(before, full && err == nil && readErr == nil && breaks > 2)
	l.immortal()
	l.staff.fail, l.staff.partial = nil, 0
	if fault != nil {
		fault.Remove()
	}
}

// wasRead remembers the directory as it is now.
func (l *life) wasRead() {
	l.read = staff{groups: maps.Clone(l.staff.groups), disabled: maps.Clone(l.staff.disabled), until: maps.Clone(l.staff.until)}
}

// teller tells rapid what went wrong, which then looks for the shortest way there.
type teller struct {
	testing.TB
	rt *rapid.T
}

func (t teller) Fatalf(format string, args ...any) { t.rt.Helper(); t.rt.Fatalf(format, args...) }

func (l *life) fail(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(l.log, "\n"))
}

// settleDown lets time pass without anything breaking, with everything approved that waits for it.
func (l *life) settleDown() {
	l.accept = map[string]bool{"corp": true, "kisi": true}
	l.limits.Removals.People, l.limits.Grants = 50, 50
	for range 4 {
		l.pass(30 * time.Hour)
		if readErr, err := l.run(true); readErr != nil || err != nil {
			l.fail("%v %v", readErr, err)
		}
		l.wasRead()
		l.approveWaiting()
	}
	writes := len(l.kisi.Writes())
	if readErr, err := l.run(true); readErr != nil || err != nil {
		l.fail("%v %v", readErr, err)
	}
	if n := len(l.kisi.Writes()); n > writes {
		l.fail("still writing: %+v", l.kisi.Writes()[writes:])
	}
}

// approveWaiting approves what is over a limit.
func (l *life) approveWaiting() {
	st, err := store.Open(l.path, store.Options{Now: l.now, NoSync: true})
	if err != nil {
		l.fail("%v", err)
	}
	defer func() { _ = st.Close() }()
	holds, err := st.Holds(l.world.t.Context())
	if err != nil {
		l.fail("%v", err)
	}
	for _, h := range holds {
		if h.Verdict == access.Waiting && h.Reason.Kind == access.HeldByLimit {
			if err := st.Decide(l.world.t.Context(), access.Decision{Step: h.Step, Verdict: access.Approved, By: "eva"}); err != nil {
				l.fail("%v", err)
			}
		}
	}
}

// cases.md 93, 94: whatever happens in whatever order, nobody loses what he should keep, nobody is given what he should not have, nothing of
// anybody else's is touched, and when it is over all is as it should be.
func TestWhateverHappensInWhateverOrder(t *testing.T) {
	t.Parallel()
	if checks := flag.Lookup("rapid.checks"); slow && checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("30"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		l := newLife(newWorld(t, kisisim.Assumptions{}), rapidDice{rt})
		l.t = teller{t, rt}
		l.accept = map[string]bool{"corp": true} // a doubted read keeps memberships that a simple mind thinks gone
		l.kisi.AddUser(kisisim.UserSpec{Email: "Hand@nordlicht.example", Name: "Made by hand"})
		if l.chance("tight", 2) {
			l.limits.Removals.People, l.limits.Grants = 2, 4
		}
		if readErr, err := l.run(true); readErr != nil || err != nil {
			l.fail("%v %v", readErr, err)
		}
		for range l.dice.roll("runs", 2, 10) {
			for range l.dice.roll("events", 0, 3) {
				l.happen()
			}
			l.runOnce()
		}
		l.settleDown()
		l.compare()
	})
}
