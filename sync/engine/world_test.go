package engine_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// staff is a directory that a test changes: people with their groups, by a name without a domain.
type staff struct {
	groups   map[string]string // person → groups, separated by spaces
	disabled map[string]bool
	until    map[string]string
	mail     map[string]string // addresses other than name@nordlicht.example; "-" for none
	called   map[string]string // names other than the capitalized one
	ids      map[string]string // ids other than "id-" and the name
	fail     error
	partial  int // stop with fail after so many records
	gathers  bool
	erased   map[string]bool // ids of people and groups of whom it is said that they were deleted
}

// Fetch implements connectors.Source; everything is read each time.
func (s *staff) Fetch(_ context.Context, _ directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	put = s.failing(put)
	members := map[string][]string{}
	for who, groups := range s.groups {
		r := s.person(who)
		if s.disabled[who] {
			r.Active = directory.No
		}
		if until := s.until[who]; until != "" {
			r.Attrs = []directory.Attr{{Name: "until", Values: []string{until}}}
		}
		if err := put(&r); err != nil {
			return directory.Receipt{}, err
		}
		for _, g := range strings.Fields(groups) {
			members[g] = append(members[g], r.ID)
		}
	}
	for id := range s.erased {
		if err := put(&directory.Record{Kind: directory.Erased, ID: id}); err != nil {
			return directory.Receipt{}, err
		}
	}
	for _, g := range []string{"staff", "lab", "servers", "temps"} {
		if s.erased["g-"+g] {
			continue
		}
		if err := putGroup(g, members[g], put); err != nil {
			return directory.Receipt{}, err
		}
	}
	return directory.Receipt{Coverage: directory.Complete, Gathering: s.gathers}, s.fail
}

// person is what the directory says about somebody, but for groups.
func (s *staff) person(who string) directory.Record {
	r := directory.Record{Kind: directory.PersonIs, ID: "id-" + who, Email: who + "@nordlicht.example", Name: strings.ToUpper(who[:1]) + who[1:]}
	if id := s.ids[who]; id != "" {
		r.ID = id
	}
	if mail := s.mail[who]; mail != "" {
		r.Email = strings.TrimPrefix(mail, "-")
	}
	if name := s.called[who]; name != "" {
		r.Name = name
	}
	return r
}

func (s *staff) failing(put func(*directory.Record) error) func(*directory.Record) error {
	left := s.partial
	return func(r *directory.Record) error {
		if left--; s.fail != nil && left < 0 {
			return s.fail
		}
		return put(r)
	}
}

func putGroup(name string, members []string, put func(*directory.Record) error) error {
	all := []directory.Record{{Kind: directory.GroupIs, ID: "g-" + name, Name: name}, {Kind: directory.MembersFrom, ID: "g-" + name}}
	for _, id := range members {
		all = append(all, directory.Record{Kind: directory.MemberIs, ID: "g-" + name, Member: directory.Ref{Kind: directory.ByID, Value: id}})
	}
	for i := range all {
		if err := put(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

var everyPlace = flag.Bool("every", false, "try each fault and kill alone at every place of a run, not only at some")

// places returns the places of a story that are tried out of those from 1 to last. Each fault begins elsewhere.
func places(fault, stride, last int) (some []int) {
	if *everyPlace {
		stride = 1
	}
	for at := 1 + fault%stride; at <= last; at += stride {
		some = append(some, at)
	}
	return some
}

// sparsely returns how many places of a story lie between two that are tried: more where each takes long.
func sparsely(stride int) int {
	if *everyPlace {
		return 1
	}
	if slow { // every place is tried without the race detector
		return 9 * stride
	}
	return stride
}

// world is an organization in Kisi, a directory, and the memory between them.
type world struct {
	t       testing.TB
	kisi    *kisisim.Company
	staff   *staff
	path    string
	clock   *time.Time
	sleep   func(time.Duration) // without a clock: lets time pass in the bubble
	renewed bool                // the credential is another one
	blind   bool                // Kisi does not say what time it is
	skew    time.Duration       // of this host's clock against Kisi's
	pace    pacer.Options       // how Kisi is called; its Base is set
	limit   time.Duration       // a run is cancelled after this; 0: never
	spec    mapping.Spec
	policy  plan.Policy
	limits  plan.Limits
	accept  map[string]bool
	corp    engine.Source                     // as the file calls it; the directory is staff
	more    []engine.Source                   // beside corp
	target  func(engine.Target) engine.Target // wraps, for tests that break things
	store   func(engine.Store) engine.Store
	last    record.Run // of the last reconciliation
}

func newStaff(groups map[string]string) *staff {
	return &staff{groups: groups, disabled: map[string]bool{}, until: map[string]string{}, mail: map[string]string{},
		called: map[string]string{}, ids: map[string]string{}, erased: map[string]bool{}}
}

func newWorld(t testing.TB, assume kisisim.Assumptions) *world {
	clock := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	w := &world{t: t, clock: &clock, path: filepath.Join(t.TempDir(), "kisi-sync.db"), pace: pacer.Options{Rate: 1e6, Quota: 1e3,
		Window: time.Microsecond, FirstWait: time.Microsecond, LongestWait: time.Microsecond, Tries: 3}}
	w.kisi = kisisim.Acme(kisisim.Options{Rate: -1, Assume: assume, Now: func() time.Time { return *w.clock }})
	w.furnish()
	return w
}

// furnish fills the directory and writes the file.
func (w *world) furnish() {
	w.staff = newStaff(map[string]string{
		"ana": "staff servers", "bo": "staff lab", "cem": "staff", "dora": "temps", "eva": "staff lab servers",
	})
	w.staff.until["dora"] = "2027-01-31"
	w.policy = plan.Policy{Installation: "test-1", Managed: true}
	w.limits = plan.Limits{Window: 24 * time.Hour, Disabled: 50, Removals: plan.Removals{People: 50}, Grants: 50}
	w.spec = nordlicht()
	w.corp = engine.Source{Name: "corp", ID: "corp"}
}

// nordlicht is the file: two groups that exist (one in a place) and two that are made.
func nordlicht() mapping.Spec {
	rule := func(name, from string, grant ...string) mapping.Rule {
		return mapping.Rule{Name: name, From: mapping.Selector{Source: "corp", Group: from}, Grant: grant, Role: access.DoorAccess}
	}
	temps := rule("temps", "temps", "Contractors")
	temps.Until = &mapping.Date{Attribute: "until", Missing: mapping.Refuse}
	return mapping.Spec{
		Installation: "test-1", Zone: time.UTC, Precedence: []string{"corp"},
		Leavers: mapping.Leavers{Vanished: 24 * time.Hour},
		Sources: []mapping.Source{{Name: "corp", ID: "corp", Domains: []string{"nordlicht.example"}, Attributes: []mapping.Attribute{{Name: "until", From: "until"}}}},
		Groups: []mapping.Group{
			{Name: "Contractors", Members: true},
			{Name: "Lab", Place: "HQ", Create: true, Members: true, Openings: true, Doors: []string{"HQ / Lab"}},
			{Name: "Server Room", Place: "HQ", Members: true},
			{Name: "Staff", Create: true, Members: true, Openings: true, Doors: []string{"HQ / Main entrance", "HQ / Garage"},
				Stops: []mapping.StopName{{Place: "HQ", Elevator: "Lift A", Stop: "Floor 1"}}},
		},
		Rules: []mapping.Rule{rule("staff", "staff", "Staff"), rule("lab", "lab", "Lab"), rule("servers", "servers", "Server Room"), temps},
	}
}

// run opens everything as a new process would, reads the directory, and reconciles. Errors of reading and of reconciling are
// returned apart.
func (w *world) run(full bool) (readErr, err error) {
	w.t.Helper()
	st, err := store.Open(w.path, store.Options{Now: w.now, NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	e := w.engine(st)
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	if w.limit > 0 {
		defer time.AfterFunc(w.limit, cancel).Stop()
	}
	for _, s := range w.sources() {
		_, err := e.Intake(ctx, s.Name, true)
		readErr = errors.Join(readErr, err)
	}
	w.last, err = e.Reconcile(ctx, full, nil)
	return readErr, err
}

func (w *world) sources() []engine.Source {
	corp := w.corp
	if corp.Source == nil {
		corp.Source = w.staff
	}
	return append([]engine.Source{corp}, w.more...)
}

// now is this host's clock. Without a clock of its own the world lives by that of the bubble that it is in.
func (w *world) now() time.Time {
	if w.clock == nil {
		return time.Now().Add(w.skew)
	}
	return w.clock.Add(w.skew)
}

// truth is the time by Kisi's clock.
func (w *world) truth() time.Time { return w.now().Add(-w.skew) }

func (w *world) pass(d time.Duration) {
	if w.clock == nil {
		w.sleep(d)
		return
	}
	*w.clock = w.clock.Add(d)
}

func (w *world) engine(st engine.Store) *engine.Engine {
	w.t.Helper()
	w.pace.Base = w.kisi.Transport()
	if w.clock == nil {
		w.pace.After = time.Now() // the process before may have used the quota until now
	}
	client, err := kisi.New(kisi.Options{
		URL: "http://127.0.0.1", Key: func() (secret.String, error) { return secret.New(w.kisi.Key), nil }, Now: w.now, Pace: w.pace,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var target engine.Target = kisi.NewTarget(client)
	if w.target != nil {
		target = w.target(target)
	}
	if w.store != nil {
		st = w.store(st)
	}
	rules, problems := mapping.Compile(w.spec)
	if len(problems) > 0 {
		w.t.Fatal(problems)
	}
	return engine.New(engine.Options{
		Sources: w.sources(), Rules: rules, Policy: w.policy, Limits: w.limits,
		Organization: "acme", Target: target, Store: st, Now: w.now, Skew: func() (time.Duration, bool) { return -w.skew, !w.blind }, Log: slog.New(slog.DiscardHandler), Asked: "test", Accept: w.accept,
		Renewed: func() bool { return w.renewed },
		Calls:   func() int { return int(client.Stats().Calls) },
	})
}

// must runs and expects no error.
func (w *world) must(full bool) {
	w.t.Helper()
	if readErr, err := w.run(full); readErr != nil || err != nil {
		w.t.Fatalf("read: %v, reconcile: %v", readErr, err)
	}
}

// holds says whether somebody can open the doors of a group: the user is enabled and has the right.
func (w *world) holds(who, group string) bool {
	u, ok := w.kisi.World().User(email.Fold(who + "@nordlicht.example"))
	return ok && u.Access && u.Holds(group)
}

// told says whether the last run reported something of a kind about somebody; text is a part of what it said.
func (w *world) told(kind, who, text string) bool {
	return slices.ContainsFunc(w.last.Problems, func(p record.Problem) bool {
		return p.Kind == kind && strings.Contains(p.Who, who) && strings.Contains(p.Text, text)
	})
}

func (w *world) expectTold(kind, who, text string) {
	w.t.Helper()
	if !w.told(kind, who, text) {
		w.t.Errorf("nothing of kind %s about %s was reported with %q, but %+v", kind, who, text, w.last.Problems)
	}
}

// quiet runs twice more and expects that nothing is written to Kisi any more.
func (w *world) quiet() {
	w.t.Helper()
	w.must(true)
	before := len(w.kisi.Writes())
	w.pass(time.Hour)
	w.must(true)
	if writes := w.kisi.Writes(); len(writes) > before {
		w.t.Errorf("still writing: %s %s %s", writes[before].Method, writes[before].Path, writes[before].Body)
	}
}

// user returns what Kisi knows of somebody.
func (w *world) user(who string) kisisim.UserState {
	w.t.Helper()
	u, ok := w.kisi.World().User(who + "@nordlicht.example")
	if !ok {
		w.t.Fatalf("Kisi has no user %s\n%s", who, w.kisi.World())
	}
	return u
}

// right returns the role assignment of somebody in a group of Kisi; 0 for none.
func (w *world) right(who, group string) int64 {
	return w.kisi.GrantID(kisisim.User(w.kisi.UserID(who+"@nordlicht.example")), kisisim.Group(w.kisi.GroupID(group)))
}

func (w *world) expect(who, group string, want bool) {
	w.t.Helper()
	if got := w.holds(who, group); got != want {
		u, _ := w.kisi.World().User(who + "@nordlicht.example")
		w.t.Errorf("%s in %s: %v, want %v: %+v", who, group, got, want, u)
	}
}
