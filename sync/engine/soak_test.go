package engine_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

var (
	soakTime = flag.Duration("soak", 0, "how long TestSoak goes on; 0 is a few rounds")
	soakSeed = flag.Uint64("seed", 1, "seed of the first round of TestSoak; each round after it has the next one")
)

// tally is what a soak has lived through.
type tally struct {
	rounds, runs, calls, faults, kills, cancels, lies, jumps, events, violations int
	lived                                                                        time.Duration
}

func (t *tally) String() string {
	return fmt.Sprintf("%d rounds, %d weeks lived: runs=%d calls=%d faults=%d kills=%d cancelled=%d directory-lies=%d clock-jumps=%d events=%d violations=%d",
		t.rounds, t.lived/(7*24*time.Hour), t.runs, t.calls, t.faults, t.kills, t.cancels, t.lies, t.jumps, t.events, t.violations)
}

// seeded are the dice of a seed.
type seeded struct{ *rand.Rand }

func (s seeded) roll(_ string, from, to int) int { return from + s.IntN(to-from+1) }

// soak is a life in which much goes wrong at once, at Kisi's real pace, under whatever Kisi may mean by what it leaves unsaid.
type soak struct {
	*life
	tally *tally
}

// TestSoak lives some weeks of a world in each round: any reading of what Kisi leaves unsaid, faults of Kisi, kills, a clock that jumps, a directory that
// lies, and people who work in Kisi by hand, all at once, drawn from a seed. When it is over, everybody holds what the rules say.
//
//	go test ./sync/engine -run TestSoak -v -timeout 0 -soak 2h -seed 1     long
//	go test ./sync/engine -run TestSoak -seed 4711                         a round that failed, and those after it
func TestSoak(t *testing.T) {
	t.Parallel()
	var all tally
	began := time.Now()
	for seed := *soakSeed; all.rounds < sparseRounds() || time.Since(began) < *soakTime; seed++ {
		ok := t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newSoak(t, seed, &all).live() })
		})
		all.rounds++
		if !ok {
			all.violations++
		}
		if all.violations == 5 {
			break
		}
	}
	t.Log(all.String())
}

func sparseRounds() int {
	if slow {
		return 4
	}
	return 12
}

func newSoak(t *testing.T, seed uint64, all *tally) *soak {
	dice := seeded{rand.New(rand.NewPCG(seed, seed))}
	var assume kisisim.Assumptions
	var readings []string
	for _, v := range kisisim.Variations()[1:] {
		if dice.roll("reading", 1, 6) == 6 {
			v.Set(&assume)
			readings = append(readings, v.Name)
		}
	}
	w := newWorld(t, assume)
	w.clock, w.sleep, w.pace = nil, time.Sleep, pacer.Options{} // the clock of the bubble, and the pace of real life
	w.kisi = kisisim.Acme(kisisim.Options{Assume: assume})
	w.kisi.AddUser(kisisim.UserSpec{Email: "Hand@nordlicht.example", Name: "Made by hand"})
	l := newLife(w, dice)
	l.assume = assume
	l.names = append(l.names, "ida", "jan", "kim", "leo", "mia", "nils", "olga", "paul", "rosa", "sven", "tina", "udo")
	for _, who := range l.names {
		w.staff.groups[who] = strings.Join(l.someGroups(), " ")
		w.staff.until[who] = w.now().AddDate(0, 0, dice.roll("contract", 10, 60)).Format("2006-01-02")
	}
	l.accept = map[string]bool{"corp": true}
	w.limits.Removals.People, w.limits.Grants, w.limits.Disabled = 50, 50, 50
	l.say("Kisi: %s", strings.Join(readings, "; "))
	return &soak{l, all}
}

// live is one round.
func (s *soak) live() {
	began := time.Now()
	s.clean()
	if s.chance("tight limits", 2) {
		s.limits.Removals.People, s.limits.Grants = 2, 4
		s.say("limits are tight")
	}
	for range s.dice.roll("runs", 10, 25) {
		s.pass(20 * time.Minute) // a right that is given by hand within minutes of a cut call of the same content can be nobody's but the call's (docs/safety.md)
		for range s.dice.roll("events", 0, 6) {
			s.happen()
			s.tally.events++
		}
		if s.chance("lie", 6) {
			s.lie()
		} else {
			s.trouble()
		}
	}
	s.settleDown()
	s.compare()
	s.tally.lived += time.Since(began)
	s.count()
}

// count adds what was called since it was last counted.
func (s *soak) count() {
	for _, r := range s.kisi.Requests() {
		s.tally.calls++
		if len(r.Faults) > 0 {
			s.tally.faults++
		}
	}
	s.kisi.ResetLog()
}

// clean is a full run in which nothing breaks.
func (s *soak) clean() {
	s.pass(time.Hour)
	s.tally.runs++
	s.accept["kisi"] = s.forgot // an old state file knows of much that is not there any more
	if readErr, err := s.run(true); readErr != nil || err != nil {
		s.fail("%v %v", readErr, err)
	}
	s.accept["kisi"] = false
	s.wasRead()
}

// moreLies are faults that need a clock.
func moreLies() []kisisim.Action {
	return append(lies(), kisisim.Hang(), kisisim.Slow(20*time.Second), kisisim.TooMany(2*time.Second), kisisim.TooManyUntil(2*time.Minute),
		kisisim.TooManyUntil(12*time.Minute), kisisim.Status(500), kisisim.Status(504), kisisim.Status(402),
		kisisim.Forbidden("Access disabled", "fcd8ff"), kisisim.Forbidden("Access denied", "afc496"), kisisim.Forbidden("Organization is suspended", "000403"),
		kisisim.Forbidden("Rate limit exceeded", "000429"), kisisim.LoseRows(7), kisisim.WrongTotal(20),
		kisisim.Call(func(sim *kisisim.Sim) {
			sim.DeleteUser(sim.AddUser(kisisim.UserSpec{Email: "drift@visitor.example", Name: "Drift"}))
		}),
		kisisim.Call(func(sim *kisisim.Sim) { sim.Spend("acme-kisi-sync-key", 5) }))
}

// trouble is a run in which several things may break.
func (s *soak) trouble() {
	s.pass(time.Duration(s.dice.roll("minutes", 15, 4000)) * time.Minute)
	full := s.chance("full", 2)
	var faults []*kisisim.Injection
	var what []string
	for range max(0, s.dice.roll("faults", -1, 3)) {
		lie := pickFrom(s.dice, "lie", moreLies())
		if strings.HasPrefix(lie.String(), "429") && len(what) > 0 {
			continue // another answer would hide it, and nobody can honour what he was not told
		}
		f := kisisim.Fault{Nth: s.dice.roll("nth", 1, pickFrom(s.dice, "within", []int{3, 15, 40})), Count: pickFrom(s.dice, "times", []int{1, 1, 3, 20, kisisim.Always}), Do: lie}
		faults = append(faults, s.kisi.Inject(f))
		what = append(what, fmt.Sprintf("%s from %d for %d", lie, f.Nth, f.Count))
		if strings.HasPrefix(lie.String(), "429") {
			break
		}
	}
	if s.chance("kill", 3) {
		k := s.mortal(s.dice.roll("killed at", 1, pickFrom(s.dice, "killed within", []int{4, 12, 40})))
		defer func() {
			if k.where != "" {
				s.tally.kills++
			}
		}()
	}
	if s.chance("cancel", 8) {
		s.limit = time.Duration(s.dice.roll("seconds", 1, 60)) * time.Second
		s.tally.cancels++
	}
	if s.chance("directory", 8) {
		s.staff.fail, s.staff.partial = errors.New("directory is down"), s.dice.roll("partial", 0, 40)
		s.tally.lies++
	}
	if s.chance("clock", 8) {
		s.skew = time.Duration(s.dice.roll("hours", 2, 400*24)) * time.Hour * time.Duration(pickFrom(s.dice, "way", []int{-1, 1}))
		s.tally.jumps++
		what = append(what, "the clock is wrong by "+s.skew.String())
	}
	s.attempt(full, strings.Join(what, ", "))
	s.skew = 0
	s.immortal()
	s.limit, s.staff.fail, s.staff.partial = 0, nil, 0
	for _, f := range faults {
		f.Remove()
	}
}

// attempt runs once and holds it against what anybody would expect.
func (s *soak) attempt(full bool, what string) {
	before := s.look()
	readErr, err := s.run(full)
	if readErr == nil {
		s.wasRead()
	}
	s.tally.runs++
	s.say("%s full=%v faults=[%s]: read %v, run %v %+v", s.truth().Format("01-02 15:04"), full, what, readErr, err, s.last.Steps)
	s.check(before, full && err == nil && readErr == nil && what == "" && s.limit == 0 && s.target == nil)
	s.count()
}

// lie is some runs on a directory whose reads end well and show far too little. Nobody loses anything by that.
func (s *soak) lie() {
	s.clean()
	truth := s.staff
	shown := *truth
	switch s.dice.roll("lie", 0, 2) {
	case 0:
		shown.groups = map[string]string{}
		for _, who := range s.names[:s.dice.roll("shown", 0, 3)] {
			if groups, there := truth.groups[who]; there {
				shown.groups[who] = groups
			}
		}
		s.say("the directory shows %d people", len(shown.groups))
	case 1:
		shown.groups = map[string]string{}
		for who := range truth.groups {
			shown.groups[who] = ""
		}
		s.say("the directory shows nobody in any group")
	default:
		shown.until = map[string]string{}
		s.say("the directory shows no dates")
	}
	s.staff, s.accept = &shown, nil
	for range s.dice.roll("times", 1, 3) {
		s.pass(time.Duration(s.dice.roll("minutes", 15, 1500)) * time.Minute)
		before := s.look()
		readErr, err := s.run(s.chance("full", 2))
		s.tally.runs++
		s.tally.lies++
		s.say("%s lie: read %v, run %v %+v", s.truth().Format("01-02 15:04"), readErr, err, s.last.Steps)
		s.check(before, false)
	}
	s.staff, s.accept = truth, map[string]bool{"corp": true}
}
