package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/daemon"
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

// BenchmarkLeaver is how long somebody who is disabled keeps the doors: from the moment at which the directory is asked to write it down to
// the moment at which the call that suspends the user arrives at Kisi. The daemon watches slapd (syncprov) or a Samba domain controller (change
// notifications) over LDAPS, or asks every two seconds, and calls at its real pace; its store is written to the disk. Idle, while 1,000
// people with three rights each are loaded, and while somebody looks at all of Kisi by hand again and again, which takes 3,000 users' time. Someone
// is disabled every few seconds, not at the same moment of the pace each time. Reported: median, 99th percentile and longest in seconds, and how
// many calls Kisi saw for each leaver when idle.
func BenchmarkLeaver(b *testing.B) {
	b.Run("idle", func(b *testing.B) { leavers(b, newOffice(b, openLDAPTown(b, b.N), b.N, "@every 1m", true), 0) })
	b.Run("first-load", func(b *testing.B) { leavers(b, newOffice(b, openLDAPTown(b, b.N), b.N, "@every 1m", true), 1000) })
	b.Run("by-hand", func(b *testing.B) {
		o := newOffice(b, openLDAPTown(b, b.N), b.N, "@every 1m", true)
		o.lookAgainAndAgain(3000)
		leavers(b, o, 0)
	})
	b.Run("polled", func(b *testing.B) { leavers(b, newOffice(b, openLDAPTown(b, b.N), b.N, "@every 2s", false), 0) })
	b.Run("windows", func(b *testing.B) { leavers(b, newOffice(b, windowsTown(b, b.N), b.N, "@every 1m", true), 0) })
	b.Run("windows-polled", func(b *testing.B) { leavers(b, newOffice(b, windowsTown(b, b.N), b.N, "@every 2s", false), 0) })
}

// TestALeaverOfAWatchedDirectoryDoesNotWaitForTheSchedule tries the whole chain: slapd, its watch, the daemon, the store, the client, Kisi.
// The directory would be asked next in a day.
func TestALeaverOfAWatchedDirectoryDoesNotWaitForTheSchedule(t *testing.T) {
	o := newOffice(t, openLDAPTown(t, 2), 2, "@every 24h", true)
	o.leave(1)
	o.until("the user is suspended", func() bool { u, _ := o.kisi.World().User("p0000001@example.com"); return !u.Access })
	if u, _ := o.kisi.World().User("p0000000@example.com"); !u.Access {
		t.Error("somebody else was suspended")
	}
}

func leavers(b *testing.B, o *office, load int) {
	if load > 0 {
		o.join(load)
	}
	calls := o.kisi.Counts().Requests
	var took []time.Duration
	for i := range b.N {
		took = append(took, o.leave(i))
		o.rest(2*time.Second + time.Duration(i%10)*137*time.Millisecond)
	}
	if load > 0 && o.status().UnderWay == nil {
		b.Error("the load was over before the last one left")
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds(), "s-median")
	b.ReportMetric(took[(len(took)*99-1)/100].Seconds(), "s-p99")
	b.ReportMetric(took[len(took)-1].Seconds(), "s-longest")
	if load == 0 {
		b.ReportMetric(float64(o.kisi.Counts().Requests-calls)/float64(b.N), "calls/leaver")
	}
	b.ReportMetric(0, "ns/op")
}

// office is a directory, a Kisi, and a daemon that keeps them in step.
type office struct {
	b         testing.TB
	every     string // when it is asked what changed
	watch     bool
	town      town
	kisi      *kisisim.Company
	suspended chan time.Time // when a user was changed
	daemon    *daemon.Daemon
	engine    *engine.Engine
}

// newOffice has people who hold what they should.
func newOffice(b testing.TB, t town, people int, every string, watch bool) *office {
	b.Helper()
	o := &office{b: b, every: every, watch: watch, town: t, suspended: make(chan time.Time, 100)}
	o.kisi = kisisim.Acme(kisisim.Options{OnRequest: func(method, path string) {
		if method == "PATCH" && strings.HasPrefix(path, "/users/") {
			o.suspended <- time.Now()
		}
	}})
	server, err := o.kisi.Start()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	o.start(server.URL)
	o.until("everybody has the doors", func() bool {
		s := o.status()
		return s.Sources[0].Watching == watch && s.UnderWay == nil && o.hold() == people
	})
	o.rest(3 * time.Second)
	return o
}

// start starts the daemon on a store of its own until the benchmark ends.
func (o *office) start(url string) {
	st, err := store.Open(filepath.Join(o.b.TempDir(), "store.db"), store.Options{})
	if err != nil {
		o.b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	o.daemon = daemon.New(daemon.Options{Memory: st, Now: time.Now, Log: log,
		Load: func(context.Context) (*daemon.Work, error) { return o.work(url, st, log) }})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.daemon.Run(ctx) }()
	o.b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			o.b.Error(err)
		}
		if err := st.Close(); err != nil {
			o.b.Error(err)
		}
		o.kisi.CheckT(o.b)
	})
}

func (o *office) work(url string, st *store.Store, log *slog.Logger) (*daemon.Work, error) {
	client, err := kisi.New(kisi.Options{URL: url, Key: func() (secret.String, error) { return secret.New(o.kisi.Key), nil }, Pace: pacer.Options{After: time.Now()}})
	if err != nil {
		return nil, err
	}
	spec := mapping.Spec{Installation: "bench", Zone: time.UTC, Precedence: []string{"corp"}, Sources: []mapping.Source{{Name: "corp", ID: "corp"}}}
	for g := range 3 {
		name := fmt.Sprintf("kisi-%05d", g)
		spec.Groups = append(spec.Groups, mapping.Group{Name: name, Create: true, Members: true})
		spec.Rules = append(spec.Rules, mapping.Rule{Name: name, From: mapping.Selector{Source: "corp", Everyone: true}, Grant: []string{name}, Role: access.DoorAccess})
	}
	rules, problems := mapping.Compile(spec)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%v", problems)
	}
	source := o.town.source(o.b)
	o.engine = engine.New(engine.Options{
		Sources: []engine.Source{{Name: "corp", ID: "corp", Source: source}}, Rules: rules, Policy: plan.Policy{Installation: "bench", Managed: true},
		Limits: plan.Limits{Window: time.Hour, Disabled: 10_000, Removals: plan.Removals{People: 10_000}, Grants: 10_000, Sensitive: -1},
		Target: kisi.NewTarget(client), Store: st, Now: time.Now, Log: log,
	})
	every, err := cron.ParseStandard(o.every)
	if err != nil {
		return nil, err
	}
	full, err := cron.ParseStandard("0 3 * * *")
	return &daemon.Work{Engine: o.engine, Changes: every, Full: full, Installation: "bench", Mode: "full", Close: client.Close,
		Sources: []daemon.Source{{Name: "corp", Watcher: o.watcher(source)}}}, err
}

func (o *office) watcher(s connectors.Source) connectors.Watcher {
	if !o.watch {
		return nil
	}
	return s.(connectors.Watcher)
}

// join brings more people, and returns when their load is under way.
func (o *office) join(people int) {
	for i := range people {
		o.town.join(1_000_000 + i)
	}
	o.until("the load is under way", func() bool { u := o.status().UnderWay; return u != nil && u.Todo > people && u.Tried > 10 })
}

// lookAgainAndAgain has somebody look at all of Kisi, where there are many users, by hand beside the daemon until the benchmark ends.
func (o *office) lookAgainAndAgain(users int) {
	for i := range users {
		o.kisi.AddUser(kisisim.UserSpec{Email: fmt.Sprintf("u%d@elsewhere.example", i), Name: "Somebody"})
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	o.b.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			err := o.daemon.Beside(ctx, func(ctx context.Context, t *daemon.Turn) error {
				return t.Look(ctx, func(ctx context.Context) error { _, err := o.engine.Look(ctx, true); return err })
			})
			if err != nil && !errors.Is(err, daemon.ErrGiveWay) && ctx.Err() == nil {
				o.b.Error(err)
				return
			}
		}
	}()
	o.rest(5 * time.Second)
}

// leave disables somebody and returns how long it took until Kisi was told.
func (o *office) leave(n int) time.Duration {
	began := time.Now()
	o.town.disable(n)
	select {
	case at := <-o.suspended:
		return at.Sub(began)
	case <-time.After(3 * time.Minute):
		o.b.Fatalf("number %d was never suspended: %+v", n, o.status())
		return 0
	}
}

// hold counts who has all three rights.
func (o *office) hold() (people int) {
	for _, u := range o.kisi.World().Users {
		if u.Access && u.Holds("kisi-00000") && u.Holds("kisi-00001") && u.Holds("kisi-00002") {
			people++
		}
	}
	return people
}

func (o *office) status() record.Status {
	s, err := o.daemon.Status(context.Background())
	if err != nil {
		o.b.Fatal(err)
	}
	return s
}

func (o *office) rest(d time.Duration) { <-time.After(d) }

func (o *office) until(what string, so func() bool) {
	o.b.Helper()
	for deadline := time.Now().Add(10 * time.Minute); !so(); o.rest(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.b.Fatalf("%s: not within ten minutes: %+v", what, o.status())
		}
	}
}
