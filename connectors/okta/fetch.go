package okta

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// What is asked for at once: the most that Okta gives, but for groups, of which it advises against the most.
const (
	usersAtOnce   = "200"
	groupsAtOnce  = "1000"
	membersAtOnce = "1000"
	eventsAtOnce  = "1000"
)

// oldest is how old a position may be. Okta keeps its system log for ninety days.
const oldest = 30 * 24 * time.Hour

// source is an org. Between fetches it keeps nothing but its token.
type source struct {
	settings Settings
	env      connectors.Env
	client   *client
	shape    [32]byte
}

var (
	_ connectors.Source  = (*source)(nil)
	_ connectors.Checker = (*source)(nil)
)

// shape says what a position is good for.
func (s *Settings) shape(attributes []string) [32]byte {
	text, _ := json.Marshal([]any{1, origin(s.URL), s.People, s.types(), s.Groups.Filter, s.Statuses, s.SystemLog, attributes}) // only texts: cannot fail
	return sha256.Sum256(text)
}

// position is where a read left off.
type position struct {
	Since  time.Time         `json:"since"`  // by Okta's clock
	Groups map[string]string `json:"groups"` // the stamp of each group by its ID
}

// position reads a cursor; nil when everything must be read.
func (s *source) position(since directory.Cursor) *position {
	var p position
	if !s.settings.Increments || since.Shape != s.shape || json.Unmarshal(since.Token, &p) != nil || p.Since.IsZero() || p.Groups == nil {
		return nil
	}
	if age := s.env.Now().Sub(p.Since); age > oldest || age < -time.Hour {
		return nil
	}
	return &p
}

// Fetch reads what changed, or everything.
func (s *source) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	at := s.env.Now()
	r := newReading(ctx, s, put)
	from := s.position(since)
	var groups []group
	var deleted []string
	r.aside(func() error { return r.people(from) })
	if from != nil && s.settings.readsLog() {
		r.aside(func() (err error) {
			deleted, err = r.deleted(from)
			return err
		})
	}
	r.aside(func() (err error) {
		if groups, err = r.groups(); err != nil {
			return err
		}
		return r.changed(from, groups)
	})
	if err := r.end(); err != nil {
		return directory.Receipt{}, err
	}
	// Okta may still list somebody whose deletion has begun, and the last word counts.
	if err := r.gone(deleted); err != nil {
		return directory.Receipt{}, err
	}
	receipt := directory.Receipt{Coverage: directory.Complete, Proof: r.proof, At: at, Remarks: r.remarks()}
	if from != nil {
		receipt.Coverage = directory.Delta
	}
	if s.settings.Increments && !r.began.IsZero() {
		token, err := json.Marshal(position{r.began, r.stamps(groups)})
		if err != nil {
			return directory.Receipt{}, err
		}
		receipt.Next = directory.Cursor{Shape: s.shape, Token: token}
	}
	s.env.Log.Debug("read", "coverage", receipt.Coverage.String(), "pages", r.proof.Pages, "entries", r.proof.Entries, "ignored", r.proof.Ignored)
	return receipt, nil
}

// stamps are the groups' stamps, but for those that changed just before the read began: what was read of them may have been the state
// before, so they are read once more.
func (r *reading) stamps(groups []group) map[string]string {
	all := make(map[string]string, len(groups))
	for i := range groups {
		g := &groups[i]
		if all[g.ID] = ""; g.LastUpdated.Before(r.settled()) && g.LastMembershipUpdated.Before(r.settled()) {
			all[g.ID] = g.stamp()
		}
	}
	return all
}

// settled is since when Okta may not yet show everywhere what changed.
func (r *reading) settled() time.Time { return r.began.Add(-r.settings.Overlap) }

// reading is one fetch. Several lists are read at a time; the first error ends all of them.
type reading struct {
	*source
	ctx    context.Context
	cancel context.CancelCauseFunc
	all    sync.WaitGroup

	mu      sync.Mutex // guards what follows: records are put one after the other
	put     func(*directory.Record) error
	failed  error
	proof   directory.Proof
	began   time.Time      // the earliest that Okta's clock was seen at
	unknown map[string]int // people by statuses that we do not know
}

func newReading(ctx context.Context, s *source, put func(*directory.Record) error) *reading {
	ctx, cancel := context.WithCancelCause(ctx)
	return &reading{source: s, ctx: ctx, cancel: cancel, put: put, unknown: map[string]int{}}
}

// end waits for all lists and returns the first error.
func (r *reading) end() error {
	r.all.Wait()
	r.cancel(nil)
	return r.failed
}

// fail notes the first error and ends everything that is under way.
func (r *reading) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
		r.cancel(err)
	}
}

// aside reads a list beside others.
func (r *reading) aside(read func() error) {
	r.all.Go(func() {
		if err := read(); err != nil {
			r.fail(err)
		}
	})
}

// puts states records. After the first error nothing more is stated.
func (r *reading) puts(records ...*directory.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range records {
		if r.failed != nil {
			return r.failed
		}
		if err := r.put(record); err != nil {
			r.failed = err
			r.cancel(err)
			return err
		}
	}
	return nil
}
