package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/daemon"
	"github.com/kisi-sync/kisi-sync/internal/inbound"
	"github.com/kisi-sync/kisi-sync/internal/logs"
	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/internal/sdnotify"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/internal/winservice"
)

// service is what stays while the daemon goes from one configuration to the next.
type service struct {
	ui        *call
	common    *common
	level     string // of the command line; "": the file's
	watch     bool
	manager   winservice.Manager
	events    slog.Handler // of the Event Log; nil: standard error
	log       *slog.Logger
	sender    *logs.Syslog // of log, too; nil: no syslog server gets it
	threshold slog.LevelVar
	state     string
	store     *store.Store
	book      *metrics.Book
	pushes    *inbound.Server // nil: nobody can push
	web       *web            // nil: nobody is served figures
	pushesAt  string          // where the file says so

	first    *session // loaded, and not in use yet; nil afterwards
	changed  bool     // the file is not the one that was in use when the daemon last ended
	mu       sync.Mutex
	used     *session            // by whose file the daemon goes
	digests  map[*session][]byte // of the configuration of each session that is in use, or about to be
	included []string            // files, beside the main one
}

// inUse returns the session by whose file the daemon goes.
func (s *service) inUse() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// try holds the first configuration against its own expectations, if it was changed since it was last in use, or never was.
func (s *service) try(ctx context.Context) error {
	known, err := inUse(s.store).Get(ctx, inUseKey)
	if err != nil {
		return err
	}
	s.changed = known != nil && !bytes.Equal(known, s.digests[s.first])
	switch {
	case s.changed:
		brief, cancel := context.WithTimeoutCause(ctx, longestTry, errors.New("neither Kisi nor a directory answered in time"))
		defer cancel()
		return s.first.expected(brief)
	case known == nil:
		return s.firstEver(ctx, s.first)
	}
	return nil
}

// longestTry is how long a changed file may be tried before the daemon begins: systemd ends what is not ready after two minutes
// (TimeoutStartSec of the unit), and then nobody is told why.
const longestTry = 100 * time.Second

// firstEver tries a file where none was ever carried out. A daemon that cannot reach Kisi begins all the same, and says that it tried in vain.
func (s *service) firstEver(ctx context.Context, first *session) error {
	const soon = 10 * time.Second
	brief, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	err := first.expected(brief)
	if wrong := (*exit.Error)(nil); err == nil || errors.As(err, &wrong) && wrong.Code == exit.CodeUsage {
		return err
	}
	s.log.Warn("whether what the file expects is so could not be tried", "err", err)
	return ctx.Err()
}

// load makes a session of the file as it is now. It contacts nobody.
func (s *service) load(ctx context.Context) (*session, error) {
	settings, err := load(s.common)
	s.include(settings, err)
	if err != nil {
		return nil, err
	}
	if settings.State != s.state {
		return nil, exit.Usage(fmt.Errorf("%s names another state file (%s)", settings.File, settings.State), "restart the daemon for that")
	}
	s.ui.Warn(exit.Problems(settings.Warnings))
	made := &session{ui: s.ui, settings: settings, book: s.book}
	if err := made.introduce(ctx, opening{asked: "schedule", keep: true, lent: s.store, like: s.inUse()}); err != nil {
		return nil, exit.Also(err, made.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digests = map[*session][]byte{s.used: s.digests[s.used], made: settings.Digest[:]}
	return made, nil
}

// include notes which files the configuration includes, also when it cannot be used: the mistake may be in one of them.
func (s *service) include(settings *config.Settings, err error) {
	var problems *config.Problems
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case settings != nil:
		s.included = settings.Included()
	case errors.As(err, &problems):
		s.included = problems.Included
	}
}

func (s *service) includes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.included
}

// options are what the daemon is made of.
func (s *service) options(n *sdnotify.Notifier) daemon.Options {
	o := daemon.Options{
		Load: func(ctx context.Context) (*daemon.Work, error) { return s.work(ctx) }, Memory: s.store, Version: version(), Now: now, Log: s.log, Explain: inWords,
		Reloading: func(begun bool) {
			if begun {
				s.warn(n.Reloading())
			} else {
				s.warn(n.Ready()) // with the new file or the one before
			}
		},
		Ready: func() { s.warn(n.Ready()); s.manager.Ready() }, Beat: func() { s.warn(n.Alive()) }, BeatEvery: n.Every(),
	}
	if s.watch {
		o.File, o.Included = s.common.config, s.includes
	}
	return o
}

// work is the session that was loaded first, and then one of the file as it is now.
func (s *service) work(ctx context.Context) (*daemon.Work, error) {
	made := s.first
	if s.first = nil; made == nil {
		var err error
		if made, err = s.load(ctx); err != nil {
			return nil, err
		}
	}
	policy := made.settings.Policy()
	w := &daemon.Work{
		Engine: made.engine, Changes: made.settings.Schedule.Changes, Full: made.settings.Schedule.Full,
		Installation: policy.Installation, Mode: policy.Mode.String(),
		Changed: s.changed, Begin: func() { s.begin(made) }, Check: made.expected, Close: made.Close,
	}
	for i, source := range made.settings.Sources {
		watcher, _ := made.sources[i].Source.(connectors.Watcher)
		w.Sources = append(w.Sources, daemon.Source{Name: source.Name, ReadEvery: source.ReadEvery, Watcher: watcher})
	}
	return w, nil
}

// begin notes that a session is in use.
func (s *service) begin(made *session) {
	s.mu.Lock()
	s.used = made
	digest := s.digests[made]
	s.mu.Unlock()
	s.setLevel(made.settings.Log)
	s.takePushes(made)
	if err := inUse(s.store).Put(context.Background(), inUseKey, digest); err != nil {
		s.log.Error("that the configuration is in use is not written down", "err", err)
	}
}

// inWords makes one line of an error with what to do about it, for a log and for status.
func inWords(err error) string {
	var parts []string
	for _, t := range exit.Troubles(err) {
		parts = append(parts, t.Text)
		for _, hint := range t.Hints {
			if hint != exit.Stays { // the daemon says so itself
				parts = append(parts, hint)
			}
		}
	}
	return strings.Join(parts, "; ")
}
