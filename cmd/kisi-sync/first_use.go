package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// A file that was changed is tried against what it expects before it is first carried out, whoever does that: the daemon when it takes it over, and
// a verb in a process of its own when it has seen what it would do.

// inUse are the documents of whoever carries out the file, under a name that no source can have. Which file that was last is one of them: by its
// text, as what a text means may be another thing after an update of kisi-sync, and nobody has changed the file then.
func inUse(st *store.Store) store.Documents { return st.Documents(ofDaemon) }

const ofDaemon, inUseKey = "(daemon)", "configuration"

// proven refuses a file that no run went by yet and whose expectations are not met by what was looked at.
func (s *session) proven(ctx context.Context, o *engine.Outlook) error {
	if used, err := s.wentBy(ctx); used || err != nil {
		return err
	}
	return s.unmet(s.test(o), s.waiting(o)...)
}

// waiting says who keeps access until the file is in order, and how to take it now. By a file that is wrong, nobody can be said to be disabled; by
// the one before it somebody can, but that one is in the admin's hands only.
func (s *session) waiting(o *engine.Outlook) []string {
	const stops = "until then nothing of the file is carried out"
	var who []string
	for i := range o.Plan.Steps {
		if step := &o.Plan.Steps[i]; step.Hold == nil && step.Change.Cause.Kind == access.Disabled && step.Change.Kind == access.DisableMember {
			who = append(who, step.Change.Object.Email)
		}
	}
	if len(who) == 0 {
		return []string{stops}
	}
	const enough = 5
	named := strings.Join(who[:min(len(who), enough)], ", ")
	if more := len(who) - enough; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return []string{
		stops + ", also not for " + voice.Count(len(who), "person", "people") + " whom a directory has disabled: " + named,
		fmt.Sprintf("to shut their doors now, put the file back as it was and run the same again; or kisi-sync block %s --why TEXT, and unblock when the file is in order", who[0]),
	}
}

// wentBy says that a run went by this very file, or that nobody need ask: the daemon has tried the file by which its verbs go.
func (s *session) wentBy(ctx context.Context) (bool, error) {
	if len(s.settings.Expect) == 0 || s.ui.host() != nil {
		return true, nil
	}
	known, err := s.lastInUse(ctx)
	return err == nil && bytes.Equal(known, s.settings.Digest[:]), err
}

// lastInUse is the digest of the file that was last carried out; nil: none was.
func (s *session) lastInUse(ctx context.Context) ([]byte, error) {
	if p, looks := s.store.(*store.Preview); looks {
		return p.Document(ctx, ofDaemon, inUseKey)
	}
	return inUse(s.store.(*store.Store)).Get(ctx, inUseKey)
}

// takeUp lets a run go by the file, and notes that it does.
func (s *session) takeUp(ctx context.Context, o *engine.Outlook) error {
	if err := s.proven(ctx, o); err != nil || len(untried(s.test(o))) > 0 { // which the next run tries again
		return err
	}
	return s.untouched(s.goBy(ctx))
}

// goBy notes that a run goes by this file.
func (s *session) goBy(ctx context.Context) error {
	st, keeps := s.store.(*store.Store)
	if !keeps || s.ui.host() != nil {
		return nil
	}
	known, err := s.lastInUse(ctx)
	if err != nil || bytes.Equal(known, s.settings.Digest[:]) {
		return err
	}
	return inUse(st).Put(ctx, inUseKey, s.settings.Digest[:])
}

// readAheadFor is how long a file waits for directories that were never read: whoever is disabled in another one waits, too.
const readAheadFor = time.Minute

// expected says which expectation of the file is not met. A directory that was never read is read for it, and forgotten again; what cannot be
// decided all the same is told, and no reason to refuse a file.
func (s *session) expected(ctx context.Context) error {
	if len(s.settings.Expect) == 0 {
		return nil
	}
	const trying = "whether what the file expects is so could not be tried: %w"
	o, err := s.engine.Resolve(ctx)
	if err != nil {
		return fmt.Errorf(trying, err)
	}
	all := s.test(o)
	if len(untried(all)) > 0 && len(o.Asked.Unread) > 0 {
		if o, err = s.readAhead(ctx, o.Asked.Unread); err != nil {
			return fmt.Errorf(trying, err)
		}
		all = s.test(o)
	}
	if open := untried(all); len(open) > 0 {
		s.ui.Log.Warn("what the file expects could not be tried", "open", strings.Join(open, "; "))
	}
	return s.unmet(all)
}

// untried names expectations that cannot be decided now, with why.
func untried(all []tested) (open []string) {
	for i := range all {
		if t := &all[i]; len(t.Open) > 0 && len(t.Wrong) == 0 {
			open = append(open, t.about()+": "+strings.Join(t.Open, ", "))
		}
	}
	return open
}

// readAhead resolves with sources that were never read, by their ids. One that cannot be read, or not soon enough, stays unread.
func (s *session) readAhead(ctx context.Context, ids []string) (*engine.Outlook, error) {
	ahead := s.engine.Beside(false, func(o *engine.Options) {
		if st, keeps := s.store.(*store.Store); keeps {
			o.Store = st.Preview()
		}
	})
	soon, cancel := context.WithTimeout(ctx, readAheadFor)
	defer cancel()
	for _, source := range s.sources {
		if !slices.Contains(ids, source.ID) {
			continue
		}
		if _, err := ahead.Intake(soon, source.Name, false); err != nil && ctx.Err() == nil {
			s.ui.Log.Warn("a source could not be read for what the file expects", "source", source.Name, "err", err)
		}
	}
	return ahead.Resolve(ctx)
}
