// Package daemon keeps an engine at work: it reads each source when its time has come or it says that something changed, carries out
// what follows, one run at a time, and lets whoever was disabled or deleted wait for nobody.
//
// One loop owns all that changes and never waits for anything but the next event; whatever takes time is a job, which the loop
// starts, hears the end of, and waits for before it ends. It promises that runs never overlap, that ticks which were missed count as
// one, that a file which cannot be used leaves the one before in use, and that it ends within seconds of being told to. It decides
// nothing about people and doors.
package daemon

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/robfig/cron/v3"
)

// ErrStopped is returned by everything that is asked of a daemon that ends or has ended.
var ErrStopped = errors.New("the daemon has stopped")

// ErrPaused is returned when a run is asked for while nothing may be carried out.
var ErrPaused = errors.New("kisi-sync is paused")

// Work is what one configuration makes. Engine, Changes and Full are required.
type Work struct {
	Engine        *engine.Engine
	Sources       []Source
	Changes, Full cron.Schedule
	Installation  string
	Mode          string // as the file says it
	Changed       bool   // the file is not the one that was in use last, so everything is looked at
	// Begin is called when the work is put to use. nil: nobody wants to know.
	Begin func()
	// Check says why the work must not be used in place of another, after its sources were read by that. nil: nothing is checked.
	Check func(ctx context.Context) error
	// Close lets go of what the work opened. It is called once, when nothing uses the work any more. nil: there is nothing.
	Close func() error
}

// Source is a source of a Work.
type Source struct {
	Name      string
	ReadEvery time.Duration      // 0: as Work.Changes says
	Watcher   connectors.Watcher // nil: it does not tell of changes
}

// Memory is what a daemon remembers over restarts.
type Memory interface {
	Paused(ctx context.Context) (*record.Pause, error)
	Pause(ctx context.Context, said record.Said) (*record.Pause, error)
	Resume(ctx context.Context, said record.Said) error
	Runs(ctx context.Context, n int) ([]record.Run, error) // newest first
}

// Options are what a Daemon is made of. Load, Memory, Now and Log are required.
type Options struct {
	// Load reads the configuration and makes a Work of it, without contacting anybody. It is called once at the start and again for
	// each reload, never twice at the same time.
	Load    func(ctx context.Context) (*Work, error)
	Memory  Memory
	Version string
	// File is looked at every few seconds and loaded again when it has changed; "": it is not.
	File string
	// Included are the files that File was made of besides, when it was last loaded, whether or not it could be used; they are looked at with
	// it. It may be called at any time. nil: there are none.
	Included func() []string
	Now      func() time.Time
	Log      *slog.Logger
	// Explain says an error in words for people, with what to do. nil: as it says itself.
	Explain func(error) string
	// Ready is called once, when the first configuration is in use. It may be nil.
	Ready func()
	// Reloading is called when the file begins to be read again, with true, and with false when that one is in use or the one before
	// stays. It may be nil.
	Reloading func(bool)
	// Beat is called by the loop itself, every BeatEvery: when it stops, the daemon hangs. BeatEvery 0: it is not.
	Beat      func()
	BeatEvery time.Duration
}

// Daemon is made by New and runs once. Its methods may be called by many goroutines.
type Daemon struct {
	o      Options
	events chan func()   // carried out by the loop, one after another
	ended  chan struct{} // closed when Run has ended

	// All that follows is the loop's own.
	house     crew // jobs that outlive a Work
	shift     *shift
	started   time.Time
	pause     *record.Pause
	running   *running  // nil: no run is under way
	wanted    bool      // a run of changes, at once
	owed      bool      // a run of changes, at the next tick of the schedule
	leavers   bool      // a run of leavers, before anything else
	awake     bool      // the first order of this Work was carried out
	due       time.Time // when a run of changes finds something by itself; zero: never
	leaversAt time.Time // when a run of leavers that failed is tried again
	failures  int       // runs in a row that failed
	failing   string
	fullAt    time.Time // when a full run that failed is tried again
	askAt     time.Time // when Kisi may be asked again that was left alone; zero: now
	orders    []*order
	asides    []*aside
	beside    *Turn // of the aside under way; nil: there is none
	reload    reloading
}

// New returns a Daemon. It does nothing yet.
func New(o Options) *Daemon {
	return &Daemon{o: o, events: make(chan func()), ended: make(chan struct{})}
}

// Run works until ctx has ended, and then returns nil once everything that was under way has come to its end; or an error when there is
// nothing to work with. It is called once.
func (d *Daemon) Run(ctx context.Context) (err error) {
	defer close(d.ended)
	if d.pause, err = d.o.Memory.Paused(ctx); err != nil {
		return err
	}
	d.reload.seen = d.look()
	work, err := d.o.Load(ctx)
	if err != nil {
		return err
	}
	owed, err := d.fullIsOwed(ctx, work)
	if err != nil {
		return errors.Join(err, work.close())
	}
	d.started, d.house = d.now(), newCrew(ctx)
	d.begin(work, atStart, owed || work.Changed)
	if d.o.File != "" {
		d.house.start(d, func(ctx context.Context) func() { d.watchFile(ctx); return nil })
	}
	d.greet()
	return d.loop(ctx)
}

func (d *Daemon) greet() {
	d.o.Log.Info("daemon started", "version", d.o.Version, "mode", d.shift.Mode, "sources", len(d.shift.Sources),
		"changes", d.shift.changes.next, "full", d.shift.full.next)
	if d.pause != nil {
		d.o.Log.Warn("paused: nothing is carried out, not even for leavers", "since", d.pause.Since, "by", d.pause.By, "why", d.pause.Why)
	}
	if d.o.Ready != nil {
		d.o.Ready()
	}
}

// longestSleep bounds how late the loop notices that the clock was set or the machine slept: timers know of neither.
const longestSleep = 30 * time.Second

func (d *Daemon) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var beat <-chan time.Time
	if d.o.BeatEvery > 0 {
		ticker := time.NewTicker(d.o.BeatEvery)
		defer ticker.Stop()
		beat = ticker.C
	}
	for {
		d.dispatch(d.now())
		timer.Reset(max(0, min(longestSleep, d.next().Sub(d.now()))))
		select {
		case <-ctx.Done():
			return d.stop()
		case event := <-d.events:
			event()
		case <-beat:
			d.o.Beat()
		case <-timer.C:
		}
	}
}

// stop ends all jobs and waits for them.
func (d *Daemon) stop() error {
	began := d.now()
	d.o.Log.Info("daemon stops: what is under way is finished, nothing more is begun")
	d.house.cancel()
	d.shift.crew.cancel()
	for d.house.jobs+d.shift.crew.jobs > 0 {
		event := <-d.events
		event()
	}
	err := d.shift.close()
	if next := d.reload.next; next != nil {
		err = errors.Join(err, next.close())
	}
	d.o.Log.Info("daemon stopped", "took", d.now().Sub(began).Round(time.Millisecond).String())
	return err
}

// now is the wall clock: what is planned must follow when it is set.
func (d *Daemon) now() time.Time { return d.o.Now().Round(0) }

// explain says an error in words for people.
func (d *Daemon) explain(err error) string {
	if d.o.Explain == nil {
		return err.Error()
	}
	return d.o.Explain(err)
}

// often says that a failure is the first, the second, the fourth in a row and so on: those are told of.
func often(failures int) bool { return failures&(failures-1) == 0 }

// tell has the loop carry something out, and waits until it has.
func (d *Daemon) tell(ctx context.Context, event func()) error {
	done := make(chan struct{})
	select {
	case d.events <- func() { event(); close(done) }:
		<-done
		return nil
	case <-d.ended:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crew are the jobs that end together.
type crew struct {
	ctx    context.Context
	cancel context.CancelFunc
	jobs   int
}

func newCrew(ctx context.Context) crew {
	ctx, cancel := context.WithCancel(ctx)
	return crew{ctx: ctx, cancel: cancel}
}

// start has a job done. What it returns is carried out by the loop, which counts jobs and ends none without hearing of it.
func (c *crew) start(d *Daemon, job func(ctx context.Context) (then func())) {
	c.jobs++
	go func() {
		then := job(c.ctx)
		d.events <- func() {
			c.jobs--
			if then != nil {
				then()
			}
		}
	}()
}
