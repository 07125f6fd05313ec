//go:build unix

package killtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// ending is what there is when a story is over, in words that do not depend on the order in which things were made.
type ending struct {
	World  kisisim.World
	Mails  []string // each that Kisi sent; one that was sent twice is there twice
	Ledger []string // whose everything is
}

// ending looks at the end. Nothing may be open, and the state file must be sound.
func (w *world) ending() ending {
	w.t.Helper()
	e := ending{World: w.kisi.World()}
	for _, m := range w.kisi.Outbox() {
		e.Mails = append(e.Mails, fmt.Sprintf("%s to %s", m.Kind, m.To))
	}
	slices.Sort(e.Mails)
	st, err := store.Open(w.state(), store.Options{Now: w.time})
	w.must(err)
	defer func() { w.must(st.Close()) }()
	w.must(st.Check(w.t.Context()))
	open, err := st.Open(w.t.Context())
	w.must(err)
	if len(open) > 0 {
		w.t.Errorf("%d calls are still open: %+v", len(open), open)
	}
	ledger, err := st.Ledger(w.t.Context())
	w.must(err)
	e.Ledger = w.owned(ledger)
	return e
}

// owned tells a ledger in names. A row that it names and that Kisi has not is an error.
func (w *world) owned(l *access.Ledger) []string {
	w.t.Helper()
	names := map[access.RemoteID]string{}
	var all []string
	for _, g := range l.Groups {
		names[g.ID] = g.Name
		all = append(all, fmt.Sprintf("group %s: %v %q, %d doors, %d stops", g.Name, g.Level, g.Description, len(g.Doors), len(g.Stops)))
		if int64(g.ID) != w.kisi.GroupID(g.Name) && int64(g.ID) != w.kisi.GroupID("HQ / "+g.Name) {
			w.t.Errorf("the ledger has group %d as %s", g.ID, g.Name)
		}
	}
	for _, c := range []string{"Contractors", "HQ / Server Room"} {
		names[access.RemoteID(w.kisi.GroupID(c))] = c
	}
	for i := range l.Accounts {
		all = append(all, w.account(&l.Accounts[i], names)...)
	}
	slices.Sort(all)
	return all
}

func (w *world) account(a *access.Account, names map[access.RemoteID]string) []string {
	w.t.Helper()
	who := a.Known.Email
	anchors := make([]string, len(a.Link.Anchors))
	for i, anchor := range a.Link.Anchors {
		anchors[i] = string(anchor)
	}
	slices.Sort(anchors)
	suspended := ""
	if a.Link.Suspended != nil {
		suspended = fmt.Sprintf(" suspended: %v", a.Link.Suspended.Kind)
	}
	all := []string{fmt.Sprintf("user %s: %v %q %s%s", who, a.Link.Level, a.Link.Name, strings.Join(anchors, " "), suspended)}
	if int64(a.Known.ID) != w.kisi.UserID(who) {
		w.t.Errorf("the ledger has user %d as %s", a.Known.ID, who)
	}
	for _, g := range a.Owned {
		all = append(all, fmt.Sprintf("user %s in %s: %v, role %v, from %v until %v", who, names[g.Group], g.Level, g.Role, g.From, g.Until))
		if there := w.kisi.GrantID(kisisim.User(int64(a.Known.ID)), kisisim.Group(int64(g.Group))); there != int64(g.Assignment) {
			w.t.Errorf("the ledger has the right of %s in %s as %d, in Kisi it is %d", who, names[g.Group], g.Assignment, there)
		}
	}
	return all
}

// stage is the beginning of the story, and what a run that nobody disturbs makes of it.
type stage struct {
	past   past
	want   ending
	calls  int     // of that run
	writes int     // of them
	places []place // of its writes to the state file
}

// newStage lives through what comes before, and through the story.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{past: before(t)}
	w := s.past.relive(t)
	g := &gate{}
	p := w.start(launching{Gated: gated(t)}, g, "sync")
	if code := p.wait(); code != 0 {
		t.Fatalf("ends with %d:\n%s", code, &p.out)
	}
	s.calls, s.writes, s.places = w.made(), len(w.kisi.Writes()), g.places()
	w.runs(0, "plan")
	s.want = w.ending()
	w.kisi.CheckT(t)
	t.Logf("the story has %d calls, %d of them writes", s.calls, len(w.kisi.Writes()))
	if s.calls < 50 || len(w.kisi.Writes()) < 25 {
		t.Fatalf("the story has only %d calls, %d of them writes", s.calls, len(w.kisi.Writes()))
	}
	return s
}

// settleAfter is when the outcome of a call that was cut can be asked for: plan.SettlesAt.
const settleAfter = 2*time.Minute + 2*time.Second

// recovers runs as often as it takes after a kill, and holds the end against the undisturbed one.
func (s *stage) recovers(w *world, after string) {
	w.t.Helper()
	w.watch(nil)
	w.pass(settleAfter)
	p := w.runs(0, "sync")
	if s.same(w) {
		return
	}
	w.t.Errorf("%s; then it said:\n%s", after, &p.out)
}

// same says that the end is that of the undisturbed run, that nothing is left to do, and that the simulator has seen nothing wrong.
func (s *stage) same(w *world) bool {
	w.t.Helper()
	good, before := true, len(w.kisi.Writes())
	w.runs(0, "plan")
	if n := len(w.kisi.Writes()); n > before {
		w.t.Errorf("plan made %d writes", n-before)
		good = false
	}
	if diff := cmp.Diff(s.want, w.ending()); diff != "" {
		w.t.Errorf("the end is another one: %s", diff)
		good = false
	}
	if err := w.kisi.Check(); err != nil {
		w.t.Errorf("the simulated Kisi complains: %v", err)
		good = false
	}
	return good
}
