package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/status"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// counted is a source that counts what it reads, so that a large directory is not read in silence.
type counted struct {
	connectors.Source
	name    string
	records atomic.Int64 // of the read under way
	reading atomic.Bool
}

// Fetch reads as the source does.
func (c *counted) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	c.records.Store(0)
	c.reading.Store(true)
	defer c.reading.Store(false)
	return c.Source.Fetch(ctx, since, func(r *directory.Record) error {
		c.records.Add(1)
		return put(r)
	})
}

// where says how far the reads under way are.
func (s *session) where() string {
	var parts []string
	for _, c := range s.counted {
		if c.reading.Load() {
			parts = append(parts, fmt.Sprintf("%s (%s)", c.name, voice.Count(int(c.records.Load()), "record", "records")))
		}
	}
	if len(parts) == 0 {
		return "reading the directories"
	}
	return "reading " + strings.Join(parts, ", ")
}

// read takes in all sources, side by side. One that fails does not stop the others; their errors are returned together.
func (s *session) read(ctx context.Context, full bool) error {
	return s.readThese(ctx, s.sources, full)
}

// readThese is read for some sources.
func (s *session) readThese(ctx context.Context, sources []engine.Source, full bool) error {
	stop := s.ui.During(s.where)
	var wait sync.WaitGroup
	errs, news := make([]error, len(sources)), make([]engine.News, len(sources))
	for i, source := range sources {
		wait.Go(func() {
			var err error
			if news[i], err = s.engine.Intake(ctx, source.Name, full); err != nil {
				errs[i] = &exit.Unread{Err: err}
			}
		})
	}
	wait.Wait()
	stop()
	s.leavers = s.leavers || slices.ContainsFunc(news, func(n engine.News) bool { return n.Leavers })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, status := range s.engine.Statuses() {
		if slices.ContainsFunc(sources, func(of engine.Source) bool { return of.Name == status.Name }) {
			s.tellSource(status)
		}
	}
	return exit.Also(errs...)
}

// hopeless says why a run ends before Kisi is asked anything: it was interrupted, or what it learns cannot be kept.
func hopeless(ctx context.Context, readErr error) error {
	if ctx.Err() == nil && errors.Is(readErr, store.ErrUnwritable) {
		return readErr
	}
	return ctx.Err()
}

// tellSource says how a source was read. Why it could not be is told at the end, as an error.
func (s *session) tellSource(st record.SourceStatus) {
	ui := s.ui
	switch {
	case st.Error != "":
		ui.Tell("%s source %s could not be read: %s", ui.Red("✗"), st.Name, exit.Stays)
	case st.Doubts > 0:
		ui.Tell("%s source %s: %s; %s, and nothing is taken away for it", ui.Yellow("!"), st.Name, sizeOf(st), voice.Doubts(st.Doubts, st.Doubt))
		ui.Tell("  %s look at the directory; if that is really so: kisi-sync accept %s, or run again with --accept %s", ui.Yellow("hint:"), st.Name, st.Name)
	case s.stale(&st):
		ui.Tell("%s source %s: %s; brought up to date %s ago, which is too old: its people are left as they are", ui.Yellow("!"), st.Name, sizeOf(st), st.Age(now()).Round(time.Minute))
	default:
		took := ""
		if st.Took >= 100*time.Millisecond {
			took = fmt.Sprintf(" (%s)", voice.Round(st.Took))
		}
		ui.Tell("%s source %s: %s%s", ui.Green("✓"), st.Name, sizeOf(st), took)
	}
	if st.Error == "" {
		for _, remark := range st.Remarks {
			ui.Tell("  %s %s", ui.Yellow("!"), exit.OneLine(remark))
		}
	}
}

// someUnread says that the last read of a source failed.
func (s *session) someUnread() bool {
	return slices.ContainsFunc(s.engine.Statuses(), func(st record.SourceStatus) bool { return st.Error != "" })
}

// stale says that what is known of a source is older than the file allows.
func (s *session) stale(st *record.SourceStatus) bool {
	return slices.ContainsFunc(s.settings.Sources, func(source config.Source) bool { return source.Name == st.Name && source.Outdated(st.Age(now())) })
}

func sizeOf(st record.SourceStatus) string {
	return fmt.Sprintf("%s, %s, %s", voice.Count(st.People, "person", "people"), voice.Count(st.Groups, "group", "groups"),
		voice.Count(st.Members, "membership", "memberships"))
}

// lookingAtKisi keeps people posted while many calls are made.
func (s *session) lookingAtKisi() (stop func()) {
	before := s.client.Stats()
	return s.ui.During(func() string {
		st := s.client.Stats()
		text := "looking at Kisi: " + voice.Count(int(st.Calls-before.Calls), "call", "calls")
		if t := status.NewTrial(st.Trial, now()); t != nil {
			text += "; " + t.Words()
		}
		return text
	})
}

// checkAccept refuses names of sources that are not in the file, and whoever may not decide. Kisi itself is accepted by the name kisi.
func (s *session) checkAccept(o opening) error {
	names := o.accept
	if len(names) > 0 && o.keep {
		if err := mayApprove(s.settings, s.ui.me()); err != nil {
			return err
		}
	}
	known := make([]string, len(s.sources))
	there := map[string]bool{"kisi": true}
	for i, source := range s.sources {
		known[i], there[source.Name] = source.Name, true
	}
	for _, name := range names {
		if !there[name] {
			return exit.Usage(fmt.Errorf("--accept %s: the file has no source of that name", name), "its sources are "+strings.Join(known, ", "))
		}
	}
	return nil
}

// auditAccept writes down that a run was told to believe what sources say, whatever it is.
func (s *session) auditAccept(ctx context.Context, names []string) error {
	st, ok := s.store.(*store.Store)
	for _, name := range names {
		what := "accept source " + name
		if name == "kisi" {
			what = "accept what is missing in Kisi"
		}
		line := record.AuditLine{Kind: record.DidAccept, Who: s.ui.me(), Outcome: record.Done, What: what, Why: "--accept: whatever this run finds there"}
		if ok {
			if err := st.Audit(ctx, line); err != nil {
				return err
			}
		}
	}
	return nil
}

var _ connectors.Source = (*counted)(nil)
