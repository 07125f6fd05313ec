package google

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	admin "google.golang.org/api/admin/directory/v1"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// source is a Workspace. Between fetches it keeps its access token and nothing else.
type source struct {
	settings Settings
	env      connectors.Env
	line     *webapi.Transport
	login    *login
	fields   []attribute
	unknown  error // attributes that Google does not have
}

var (
	_ connectors.Source = (*source)(nil)
)

// Close lets go of idle connections.
func (s *source) Close() error {
	s.line.CloseIdleConnections()
	return nil
}

// Fetch reads everything; the API tells no changes.
func (s *source) Fetch(ctx context.Context, _ directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	at := s.env.Now()
	r, err := s.read(ctx, put)
	if err != nil {
		return directory.Receipt{}, err
	}
	p := r.proof
	s.env.Log.Debug("read", "pages", p.Pages, "entries", p.Entries, "ignored", p.Ignored)
	return directory.Receipt{Coverage: directory.Complete, Proof: p, At: at, Remarks: r.remarks}, nil
}

// read is one read of everything.
func (s *source) read(ctx context.Context, put func(*directory.Record) error) (*reading, error) {
	if s.unknown != nil {
		return nil, s.unknown
	}
	api, err := s.directory(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the client of the Directory API: %w", err)
	}
	r := &reading{source: s, api: api, parts: make(chan func() error), jobs: make(chan job),
		people: map[string]bool{}, places: map[string]string{}, nested: map[string]job{}, known: map[string]bool{}, everybody: map[string][]string{}, accounts: map[string][]string{}}
	r.put = func(record *directory.Record) error {
		if err := put(record); err != nil {
			return &refused{err}
		}
		return nil
	}
	err = r.everything(ctx)
	var no *refused
	switch {
	case errors.As(err, &no):
		return nil, no.err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return r, err
}

// refused is an error of put, which is to come back as it is.
type refused struct{ err error }

func (r *refused) Error() string { return r.err.Error() }

// reading is one read. Lists are followed side by side, each in a goroutine of its own that asks and hands over what came as a part;
// parts are carried out one after another in the goroutine of Fetch. What is below parts belongs to that one alone.
type reading struct {
	source *source
	api    *admin.Service
	put    func(*directory.Record) error
	parts  chan func() error
	jobs   chan job // groups whose members are to be read

	open sync.WaitGroup // jobs that were handed out and are not done

	mu     sync.Mutex
	known  map[string]bool // groups that are read
	nested map[string]job  // groups that are members of those, and not known yet

	proof     directory.Proof
	remarks   []string
	people    map[string]bool     // ids
	places    map[string]string   // unit ids by path
	lost      []placed            // people in units that were not there when units were read
	gone      []string            // people among the deleted
	strangers []stranger          // members with an id that may be nobody's here
	everybody map[string][]string // groups with all of an account in them, by its id
	accounts  map[string][]string // people by the id of their account, while groups of everybody may come
}

// job is a group whose members are to be read.
type job struct {
	id, address string
	followed    bool // it is a member of a group that was asked for, and was not asked for itself
}

// members is how many member lists are read side by side: some more than calls may be under way, so that there is a next one while an
// answer is put. The lists of people and of groups are served in turn with them.
const members = atATime + atATime/2

// everything reads all that the settings say.
func (r *reading) everything(ctx context.Context) error {
	within, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	all, within := errgroup.WithContext(within)
	all.Go(func() error { return r.allPeople(within) })
	all.Go(func() error { return r.allDeleted(within) })
	if r.source.settings.reads(ofGroups) {
		all.Go(func() error { return r.allGroups(within) })
		for range members {
			all.Go(func() error { return r.allMembers(within) })
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- all.Wait() }()
	if err := r.carryOut(ended, giveUp); err != nil {
		return err
	}
	return r.finish(ctx)
}

// carryOut does the parts as they come, until all goroutines have ended.
func (r *reading) carryOut(ended <-chan error, giveUp context.CancelCauseFunc) error {
	var failed error
	for {
		select {
		case part := <-r.parts:
			if failed != nil {
				continue
			}
			if failed = part(); failed != nil {
				giveUp(failed)
			}
		case err := <-ended:
			if failed != nil {
				return failed
			}
			return err
		}
	}
}

// hand hands a part over and returns when it was taken.
func (r *reading) hand(ctx context.Context, part func() error) error {
	select {
	case r.parts <- part:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finish puts what can be said only when everything was read.
func (r *reading) finish(ctx context.Context) error {
	if err := r.findLost(ctx); err != nil {
		return err
	}
	for _, say := range []func() error{r.sayDeleted, r.sayStrangers, r.sayEverybody} {
		if err := say(); err != nil {
			return err
		}
	}
	return nil
}

// answer makes something of null, which Google's client takes for an answer and returns as nil.
func answer[T any](page *T, err error) (*T, error) {
	if err == nil && page == nil {
		page = new(T)
	}
	return page, err
}

// ofKind refuses an answer that is none of Google's: an empty list has no rows in it, and neither has what a proxy makes up.
func ofKind(said, kind string) error {
	if said == "admin#directory#"+kind {
		return nil
	}
	return &hinted{fmt.Errorf("the answer is no list of %s", kind), "something between here and Google answers in its place"}
}

func (r *reading) remark(format string, args ...any) {
	const most = 10
	if len(r.remarks) < most {
		r.remarks = append(r.remarks, fmt.Sprintf(format, args...))
	}
}
