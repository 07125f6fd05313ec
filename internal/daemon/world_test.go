package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
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

// company is a directory that a test changes while it is read: people by a name without a domain. It answers with what changed, and
// can be watched.
type company struct {
	mu       sync.Mutex
	people   map[string]bool // active
	version  int
	asOf     map[string]int // the version in which somebody was changed last
	fail     error
	takes    time.Duration // a read takes that long
	reads    int
	fulls    []time.Time // when everything was asked for
	reading  int
	together int // the most reads at one time
	watchers map[chan struct{}]bool
	broken   error // why it cannot be watched
	watches  []time.Time
}

func newCompany(names ...string) *company {
	c := &company{people: map[string]bool{}, asOf: map[string]int{}, watchers: map[chan struct{}]bool{}}
	c.join(names...)
	return c
}

func (c *company) change(do func(), names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
	c.version++
	for _, n := range names {
		c.asOf[n] = c.version
	}
	for w := range c.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

func (c *company) join(names ...string) {
	c.change(func() {
		for _, n := range names {
			c.people[n] = true
		}
	}, names...)
}

func (c *company) disable(names ...string) {
	c.change(func() {
		for _, n := range names {
			c.people[n] = false
		}
	}, names...)
}

func (c *company) remove(name string) { c.change(func() { delete(c.people, name) }) }

func (c *company) readsSoFar() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

// fullsSince returns when everything was asked for, from some moment on.
func (c *company) fullsSince(t time.Time) (all []time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.fulls {
		if !at.Before(t) {
			all = append(all, at)
		}
	}
	return all
}

// tried returns how often somebody wanted to watch.
func (c *company) tried() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.watches)
}

func (c *company) breaks(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = err
}

// Fetch implements connectors.Source. Whoever is removed is missing from a complete read only, which it then makes.
func (c *company) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading++
	c.together = max(c.together, c.reading)
	defer func() { c.reading-- }()
	c.reads++
	if since.IsZero() {
		c.fulls = append(c.fulls, time.Now())
	}
	if c.takes > 0 {
		c.mu.Unlock()
		pause(ctx, c.takes)
		c.mu.Lock()
	}
	if err := errors.Join(ctx.Err(), c.fail); err != nil {
		return directory.Receipt{}, err
	}
	from := -1
	if !since.IsZero() {
		_, _ = fmt.Sscan(string(since.Token), &from)
	}
	receipt := directory.Receipt{Coverage: directory.Complete, Next: directory.Cursor{Shape: [32]byte{1}, Token: fmt.Append(nil, c.version)}}
	if from == c.version {
		receipt.Coverage = directory.Delta
		return receipt, nil
	}
	return receipt, c.put(put)
}

func (c *company) put(put func(*directory.Record) error) error {
	records := []directory.Record{{Kind: directory.GroupIs, ID: "g-staff", Name: "staff"}, {Kind: directory.MembersFrom, ID: "g-staff"}}
	for who, active := range c.people {
		p := directory.Record{Kind: directory.PersonIs, ID: "id-" + who, Email: who + "@nordlicht.example", Name: strings.ToUpper(who[:1]) + who[1:], Active: directory.Yes}
		if !active {
			p.Active = directory.No
		}
		records = append(records, p, directory.Record{Kind: directory.MemberIs, ID: "g-staff", Member: directory.Ref{Kind: directory.ByID, Value: p.ID}})
	}
	for i := range records {
		if err := put(&records[i]); err != nil {
			return err
		}
	}
	return nil
}

// watched is a company that tells of changes.
type watched struct{ *company }

// Watch implements connectors.Watcher.
func (c watched) Watch(ctx context.Context, ping func()) error {
	c.mu.Lock()
	c.watches = append(c.watches, time.Now())
	err, changed := c.broken, make(chan struct{}, 1)
	c.watchers[changed] = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, changed)
	}()
	if err != nil {
		return err
	}
	for ping(); ; ping() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// world is an installation: a directory, a Kisi at its real pace, a state file, and a daemon under a virtual clock.
type world struct {
	t        *testing.T
	kisi     *kisisim.Company
	company  *company
	guests   *company // a second source with people of its own; nil: there is none
	changes  string   // the schedule
	full     string
	key      atomic.Pointer[string]
	skew     atomic.Int64 // nanoseconds that the wall clock shows besides
	store    *store.Store
	path     string
	work     func(w *Work) error // alters what Load returns
	policy   plan.Policy
	groups   string // "Staff", or another name by a changed file
	watch    bool
	file     string
	included atomic.Pointer[[]string] // files that file includes
	log      *slog.Logger
	reloads  []bool // when the file was begun to be read again, and when that was over

	daemon *Daemon
	stop   func() error // ends the daemon and returns what Run returned
}

// inWorld runs a test under a virtual clock, which begins in 2000. When it ends, the daemon must have ended with all it started, and Kisi
// must have nothing to complain about.
func inWorld(t *testing.T, test func(t *testing.T, w *world), names ...string) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, company: newCompany(names...), path: filepath.Join(t.TempDir(), "kisi-sync.db"), groups: "Staff",
			log: slog.New(slog.DiscardHandler), changes: "@every 1m", full: "0 3 * * *", policy: plan.Policy{Installation: "test-1", Managed: true}}
		w.kisi = kisisim.Acme(kisisim.Options{Now: w.now})
		w.key.Store(&w.kisi.Key)
		w.open()
		defer func() {
			if w.stop != nil {
				w.end()
			}
			if err := w.store.Close(); err != nil {
				t.Error(err)
			}
			w.kisi.CheckT(t)
		}()
		test(t, w)
	})
}

func (w *world) open() {
	st, err := store.Open(w.path, store.Options{Now: w.now, NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = st
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }

func (w *world) load(context.Context) (*Work, error) {
	client, err := kisi.New(kisi.Options{
		URL: "http://127.0.0.1", Key: func() (secret.String, error) { return secret.New(*w.key.Load()), nil }, Now: w.now,
		Pace: pacer.Options{Base: w.kisi.Transport(), After: time.Now()},
	})
	if err != nil {
		return nil, err
	}
	rules, problems := mapping.Compile(w.spec())
	if len(problems) > 0 {
		return nil, fmt.Errorf("%v", problems)
	}
	sources, readers := []engine.Source{{Name: "corp", ID: "corp", Source: w.company}}, []Source{{Name: "corp"}}
	if w.guests != nil {
		sources, readers = append(sources, engine.Source{Name: "guests", ID: "guests", Source: w.guests}), append(readers, Source{Name: "guests"})
	}
	e := engine.New(engine.Options{
		Sources: sources, Rules: rules, Policy: w.policy,
		Limits:       plan.Limits{Window: 24 * time.Hour, Disabled: 5000, Removals: plan.Removals{People: 5000}, Grants: 5000, Sensitive: -1},
		Organization: "acme", Target: kisi.NewTarget(client), Store: w.store, Now: w.now, Log: w.log, Asked: onSchedule,
		Calls: func() int { return int(client.Stats().Calls) },
	})
	work := &Work{Engine: e, Sources: readers, Changes: schedule(w.changes), Full: schedule(w.full), Mode: w.policy.Mode.String(),
		Installation: "test-1", Close: client.Close}
	if w.watch {
		work.Sources[0].Watcher = watched{w.company}
	}
	if w.work != nil {
		err = w.work(work)
	}
	return work, err
}

// spec gives Staff to everybody of both sources.
func (w *world) spec() mapping.Spec {
	s := mapping.Spec{Installation: "test-1", Zone: time.UTC, Leavers: mapping.Leavers{Vanished: 24 * time.Hour},
		Groups: []mapping.Group{{Name: w.groups, Create: true, Members: true}}}
	add := func(name string) {
		s.Precedence = append(s.Precedence, name)
		s.Sources = append(s.Sources, mapping.Source{Name: name, ID: name, Domains: []string{"nordlicht.example"}})
		s.Rules = append(s.Rules, mapping.Rule{Name: "staff of " + name, From: mapping.Selector{Source: name, Group: "staff"}, Grant: []string{w.groups}, Role: access.DoorAccess})
	}
	add("corp")
	if w.guests != nil {
		add("guests")
	}
	return s
}

func schedule(text string) cron.Schedule {
	s, err := cron.ParseStandard(text)
	if err != nil {
		panic(err)
	}
	return s
}

func (w *world) includes() []string {
	if all := w.included.Load(); all != nil {
		return *all
	}
	return nil
}

// start starts the daemon.
func (w *world) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	d := New(Options{Load: w.load, Memory: w.store, Now: w.now, Log: w.log, Version: "test", File: w.file, Included: w.includes,
		Reloading: func(begun bool) { w.reloads = append(w.reloads, begun) }})
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	w.daemon = d
	w.stop = func() error { cancel(); return <-ended }
}

// end stops the daemon.
func (w *world) end() {
	w.t.Helper()
	if err := w.stop(); err != nil {
		w.t.Error(err)
	}
	w.stop = nil
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// opens says whether somebody can open the doors of Staff.
func (w *world) opens(who string) bool {
	u, ok := w.kisi.World().User(who + "@nordlicht.example")
	return ok && u.Access && u.Holds("Staff")
}

func (w *world) expect(who string, want bool) {
	w.t.Helper()
	if got := w.opens(who); got != want {
		w.t.Errorf("%s after %s: opens %v, want %v", who, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), got, want)
	}
}

// until lets time go by until something is so, and returns how long it took.
func (w *world) until(what string, most time.Duration, so func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > most {
			w.t.Fatalf("%s: not within %s", what, most)
		}
		w.pass(max(100*time.Millisecond, most/600))
	}
	return time.Since(began)
}

func (w *world) status() record.Status {
	w.t.Helper()
	s, err := w.daemon.Status(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) runs() []record.Run {
	w.t.Helper()
	runs, err := w.store.Runs(w.t.Context(), 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(runs)
	return runs
}

func people(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("p%04d", i))
	}
	return names
}
