package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/status"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/admin"
	"github.com/kisi-sync/kisi-sync/internal/daemon"
	"github.com/kisi-sync/kisi-sync/internal/logs"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// A daemon has the state file open, and only one process can. So a verb that needs it hands its whole command line to the daemon, which
// carries it out as the same verb, in its own process, with what it has open: it lends it as a host. What is said goes back over the socket, and
// so do questions and their answers. A verb notices nothing of it: what opens the state decides (open, remember, recollect).

// host is the daemon in whose process a command line is carried out. All fields but sender are required.
type host struct {
	log    *slog.Logger // the daemon's; what verbs log themselves goes to whoever called them
	store  *store.Store
	ops    admin.Ops
	daemon func() *session // by the file that the daemon uses now
	book   *metrics.Book   // counts what is sent to Kisi
	sender *logs.Syslog    // of the log; nil: no syslog server gets it
	// beside does something while the daemon reconciles nothing, and has it look for work afterwards.
	beside func(ctx context.Context, do func(context.Context, *daemon.Turn) error) error
	// leavers tells the daemon that somebody must lose access at once. It does not wait for that.
	leavers func(ctx context.Context) error
}

// commands carries out command lines of other processes.
func (h *host) commands(ctx context.Context, c admin.Command) int {
	return run(ctx, world{out: c.Out, err: c.Err, args: c.Args, from: &caller{name: c.By, dir: c.Dir, host: h, terminal: c.Terminal, ask: c.Ask}})
}

// caller is who called the program from another process.
type caller struct {
	name     string // of the account
	dir      string // where relative paths begin
	host     *host
	terminal admin.Terminal
	ask      func(ctx context.Context, text string) (string, error) // nil: there is nobody to ask
}

// identity is who answers for a configuration. Ways through links to one state file are one.
func identity(settings *config.Settings) admin.Identity {
	state := settings.State
	if folder, err := filepath.EvalSymlinks(filepath.Dir(state)); err == nil {
		state = filepath.Join(folder, filepath.Base(state))
	}
	return admin.Identity{Installation: settings.Policy().Installation, State: state, Version: version(), PID: os.Getpid()}
}

// socketOf is where the daemon of a configuration answers.
func socketOf(settings *config.Settings) string {
	if path := settings.Socket(); path != "" {
		return path
	}
	return admin.Where(identity(settings).State)
}

// beside has the daemon carry out the whole command line if one is running; the error is then how it ended, and nothing is left to do. It
// is nil where there is no daemon, and within one. A daemon goes on by the file before when this one cannot be used, and must be reachable
// all the same: to be asked, paused, or told to block somebody.
func (u *call) beside(ctx context.Context, c *common) error {
	if u.host() != nil {
		return nil
	}
	settings, wrong := loadWithoutSecrets(c)
	if wrong != nil {
		var err error
		if settings, err = whereabouts(c); err != nil {
			return wrong
		}
	}
	client := admin.NewClient(socketOf(settings))
	there, err := client.Find(ctx, identity(settings))
	switch {
	case err != nil && wrong != nil:
		return wrong
	case errors.Is(err, admin.ErrNobody):
		return nil
	case errors.Is(err, admin.ErrForbidden):
		return forbidden(err, socketOf(settings))
	case err != nil:
		return exit.Failed(err, besideHint(err))
	}
	if wrong != nil && there.Version != version() && c.judges {
		return wrong // by this program; the other one may well take it
	}
	if wrong != nil {
		names := ", and kisi-sync check names the lines"
		if c.judges {
			names = ""
		}
		u.Tell("%s %s cannot be used; the daemon goes by the file that it last could use%s", u.Yellow("warning:"), c.config, names)
	}
	if there.Version != version() {
		u.Tell("%s the daemon is kisi-sync %s, this is %s: it is the daemon that does this; restart it", u.Yellow("warning:"), there.Version, version())
	}
	return u.relay(ctx, client, c)
}

// besideHint says what to do about a daemon that cannot be asked.
func besideHint(err error) string {
	switch {
	case errors.Is(err, admin.ErrSilent):
		return "look at the daemon's log, and restart it; what it began is written down, and it goes on where it stopped"
	case errors.Is(err, admin.ErrOther):
		return "give each installation a state file of its own (state: in the file), or a socket of its own (admin.socket)"
	}
	return ""
}

// forbidden says who may ask the daemon: the account whose socket it is, or whoever may look into the folder.
func forbidden(err error, socket string) error {
	if owner := admin.Owner(socket); owner != "" {
		return exit.Failed(err, "run this as that account, as in sudo -u "+owner+" kisi-sync ..., or as root")
	}
	if folder := shutFolder(socket); folder != "" {
		return exit.Failed(fmt.Errorf("%s: this account may not look into that folder, where the state and the daemon's socket are", folder),
			"run this as the account of the daemon, as in sudo -u kisi-sync kisi-sync ..., or as root")
	}
	return exit.Failed(err, "run this as the account of the daemon, or as an administrator")
}

// shutFolder returns the first folder above a file that this account may not look into; "" when there is none.
func shutFolder(file string) string {
	for folder := filepath.Dir(file); ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		switch {
		case err == nil && info.IsDir():
			if _, err := os.Lstat(file); errors.Is(err, fs.ErrPermission) {
				return folder
			}
			return ""
		case folder == filepath.Dir(folder):
			return ""
		}
	}
}

// relay hands the command line over.
func (u *call) relay(ctx context.Context, client *admin.Client, common *common) error {
	args := append([]string{"--config", common.config}, u.args...) // as it was found here; one that was named stands behind it, and wins
	c := admin.Command{Args: args, Dir: here(), Out: u.Out, Err: u.Err, Terminal: u.terminal(), Sudo: os.Getenv("SUDO_USER")}
	if u.Answers() {
		c.Ask = u.Prompt
	}
	code, err := client.Command(ctx, c)
	if err != nil {
		return exit.Failed(err, "kisi-sync status says whether it is back; what it began is written down")
	}
	return &exit.Error{Code: code}
}

// here is the folder in which this process is. In one that this account must not look into no file can be named: then it is one that
// nobody has, so that nothing is written elsewhere instead.
func here() string {
	if dir, err := os.Getwd(); err == nil {
		return dir
	}
	if dir := os.Getenv("PWD"); filepath.IsAbs(dir) {
		return dir
	}
	return string(filepath.Separator) + "the folder in which you are, which kisi-sync must not look into"
}

// terminal is what the daemon must know of this process's screen.
func (u *call) terminal() admin.Terminal {
	return admin.Terminal{Colors: u.HasColors(), Width: u.Width()}
}

// host returns the daemon in which this command line is carried out; nil in a process of its own.
func (u *call) host() *host {
	if u.from == nil {
		return nil
	}
	return u.from.host
}

// path makes a path of the command line one of this process: relative ones begin where the caller is.
func (u *call) path(path string) string {
	if u.from == nil || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(u.from.dir, path)
}

// inTurn does something that nobody else may do at the same time: reconcile. In a process of its own the state file's lock sees to that.
// Within the daemon do is begun anew when what it observes gives way to leavers, which it does daemon.GiveWays times.
func (s *session) inTurn(ctx context.Context, do func(context.Context) error) error {
	for {
		if err := s.refuseWhilePaused(ctx); err != nil {
			return err
		}
		h := s.ui.host()
		if h == nil {
			return do(ctx)
		}
		err := s.inTurnOf(ctx, h, do)
		if !errors.Is(err, daemon.ErrGiveWay) || ctx.Err() != nil {
			return err
		}
		s.gaveWay++
		s.ui.Tell("looking at Kisi was broken off: somebody must lose access at once, which comes first; it begins anew by itself")
		h.log.Info("what somebody looks at by hand gives way to leavers, and begins anew after them", "asked", s.ui.me())
	}
}

// inTurnOf waits for one turn, and does something in it.
func (s *session) inTurnOf(ctx context.Context, h *host, do func(context.Context) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	settled := &atomic.Bool{} // the turn has come, or hope was lost
	go s.loseHope(ctx, settled, giveUp)
	stop := sync.OnceFunc(s.ui.During(s.waitingFor))
	begun := false
	err := h.beside(ctx, func(ctx context.Context, turn *daemon.Turn) error {
		if !settled.CompareAndSwap(false, true) {
			return context.Cause(ctx)
		}
		begun, s.turn = true, turn
		defer func() { s.turn = nil }()
		stop()
		return do(ctx)
	})
	stop()
	if begun {
		return err
	}
	if why := (*exit.Error)(nil); errors.As(context.Cause(ctx), &why) {
		return why
	}
	return s.untouched(err)
}

// waitingFor says what keeps a verb from its turn.
func (s *session) waitingFor() string {
	if t := status.NewTrial(s.client.Stats().Trial, now()); t != nil {
		return "waiting for the daemon's call to Kisi: " + t.Words()
	}
	return "waiting for the daemon's run"
}

// loseHope gives up waiting for a turn when the daemon's run is stuck in a call that Kisi does not answer: a call that changes something
// is never broken off, so nobody can say when the turn comes.
func (s *session) loseHope(ctx context.Context, settled *atomic.Bool, giveUp context.CancelCauseFunc) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !settled.Load() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if t := status.NewTrial(s.client.Stats().Trial, now()); t.Stuck() && settled.CompareAndSwap(false, true) {
			giveUp(exit.Failed(fmt.Errorf("the daemon's run cannot be cut short now: %s", t.Words()),
				"nothing was done; the daemon goes on by itself, and kisi-sync status says when Kisi answers again"))
			return
		}
	}
}

// refuseWhilePaused lets nothing be carried out that the daemon would not carry out.
func (s *session) refuseWhilePaused(ctx context.Context) error {
	memory, ok := s.store.(interface {
		Paused(ctx context.Context) (*record.Pause, error)
	})
	if !ok {
		return nil
	}
	p, err := memory.Paused(ctx)
	if err != nil || p == nil {
		return err
	}
	return exit.Failed(fmt.Errorf("kisi-sync is paused since %s by %s: %s", p.Since.In(s.settings.Schedule.Zone).Format("2006-01-02 15:04 MST"), p.By, p.Why),
		"kisi-sync resume ends the pause; nothing was sent to Kisi")
}

// observe looks at Kisi and keeps people posted meanwhile. In a turn it gives way to leavers: inTurn then begins anew.
func (s *session) observe(ctx context.Context, look func(context.Context) error) error {
	defer s.lookingAtKisi()()
	if s.turn == nil {
		return look(ctx)
	}
	return s.turn.Look(ctx, look)
}

// urgent says whether something cannot wait for the end of what is carried out; nil where nobody knows.
func (s *session) urgent() func() bool {
	if s.turn == nil {
		return nil
	}
	return s.turn.Urgent
}

// leaversFirst has the daemon take access from those whom this verb found to have left, before it looks at everybody.
func (s *session) leaversFirst(ctx context.Context) error {
	h := s.ui.host()
	if h == nil || !s.leavers || s.settings.Policy().Mode == plan.Observe {
		return nil
	}
	s.ui.Tell("somebody was disabled or deleted: the daemon sees to that first, in a run of its own")
	return h.leavers(ctx)
}

// look has the daemon see whether there is something to do, after somebody has decided something. It does not wait for that.
func (h *host) look(ctx context.Context) error {
	return h.beside(ctx, func(context.Context, *daemon.Turn) error { return nil })
}

// settingsFor returns what a verb goes by. Within the daemon, a verb that may write goes by what the daemon does, or its next run would undo
// it; one that only looks ahead goes by the file as it is now.
func (u *call) settingsFor(c *common, keep bool) (*config.Settings, error) {
	h := u.host()
	if h == nil {
		return load(c)
	}
	file := *c
	file.config = u.path(c.config)
	if !keep {
		return load(&file)
	}
	used := h.daemon().settings
	now, err := loadWithoutSecrets(&file)
	switch {
	case err != nil: // of one with mistakes, beside has told
		return used, nil
	case !alike(now, used):
		u.Tell("%s %s is not what the daemon goes by; kisi-sync reload has it read", u.Yellow("warning:"), used.File)
		return used, nil
	}
	same := *used
	same.Warnings = now.Warnings // who may read a file is not what it says, and may have been mended since
	return &same, nil
}

// alike says that two files mean the same.
func alike(a, b *config.Settings) bool {
	one, err := a.Show()
	other, otherErr := b.Show()
	return err == nil && otherErr == nil && bytes.Equal(one, other)
}
