package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// source implements connectors.Source and connectors.Checker.
type source struct {
	settings  Settings
	env       connectors.Env
	to        origins
	query     query
	line      *http.Client
	transport *webapi.Transport
	login     *login
}

// position is where both deltas go on.
type position struct {
	Users  string    `json:"users"`
	Groups string    `json:"groups"`
	Taken  time.Time `json:"taken"`
	// Bin holds who was deleted and may be restored, and since when we know. Restored groups and people come back with memberships of which their
	// groups need not tell.
	Bin map[string]time.Time `json:"bin,omitempty"`
}

const (
	// keeps is how long Graph remembers a position of directory objects (learn.microsoft.com/graph/delta-query-overview, "Token duration").
	keeps = 7 * 24 * time.Hour
	// restorable is for how long who was deleted can be restored (learn.microsoft.com/graph/api/resources/directory).
	restorable = 30 * 24 * time.Hour
	// maxBin bounds Bin. Whoever deletes more within a month has the oldest read with the next read of everything.
	maxBin = 2000
)

// Fetch implements connectors.Source. A position that is too old is not even tried.
func (s *source) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	r := s.reading(put)
	who, err := s.login.who(ctx)
	if err != nil {
		return directory.Receipt{}, err
	}
	shape := s.shape(who)
	coverage := directory.Complete
	if old, ok := r.usable(since, shape); ok {
		err := r.changes(ctx, old)
		var u *useless
		switch {
		case errors.As(err, &u):
			s.env.Log.Info("everything is read", "reason", u.Error())
		case err != nil:
			return directory.Receipt{}, err
		default:
			coverage = directory.Delta
		}
	}
	if coverage == directory.Complete {
		if err := r.everything(ctx); err != nil {
			return directory.Receipt{}, err
		}
	}
	return r.receipt(coverage, shape, who)
}

// usable says whether a position may still be good.
func (r *reading) usable(since directory.Cursor, shape [32]byte) (*position, bool) {
	if since.IsZero() || since.Shape != shape || !r.source.settings.Increments {
		return nil, false
	}
	var old position
	graph := r.source.to.graph + "/"
	if json.Unmarshal(since.Token, &old) != nil || !strings.HasPrefix(old.Users, graph) || !strings.HasPrefix(old.Groups, graph) {
		return nil, false
	}
	r.carryBin(&old)
	age := r.began.Sub(old.Taken)
	return &old, age >= 0 && age < keeps
}

func (r *reading) receipt(coverage directory.Coverage, shape [32]byte, who claims) (directory.Receipt, error) {
	receipt := directory.Receipt{Coverage: coverage, Proof: r.proof, At: r.began, Remarks: r.remarks(who)}
	if !r.source.settings.Increments {
		return receipt, nil
	}
	r.now.Taken = r.began
	raw, err := json.Marshal(r.now)
	if err != nil {
		return directory.Receipt{}, err
	}
	receipt.Next = directory.Cursor{Shape: shape, Token: raw}
	return receipt, nil
}

// reading is one read.
type reading struct {
	source *source
	put    func(*directory.Record) error
	began  time.Time
	proof  directory.Proof
	known  map[string]bool // groups whose list of members was begun
	now    position        // for the next time

	partUsers, partGroups []string // ids of those who did not come whole
	guests                int
	ignored               map[string]int  // members by type, who are neither people nor groups
	unread                map[string]bool // groups within groups that are not asked for
	hidden                int             // groups whose members are hidden
}

func (s *source) reading(put func(*directory.Record) error) *reading {
	return &reading{source: s, put: put, began: s.env.Now(), known: map[string]bool{}, ignored: map[string]int{}, unread: map[string]bool{},
		now: position{Bin: map[string]time.Time{}}}
}

// everything reads both lists side by side: each has its pages one after another, as one leads to the next.
func (r *reading) everything(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	q, graph := &r.source.query, r.source.to.graph
	users, groups := r.source.follow(ctx, q.usersURL(graph)), r.source.follow(ctx, q.groupsURL(graph))
	defer finish(stop, users, groups)
	if err := r.both(users, groups, r.user, r.group); err != nil {
		return err
	}
	return r.lookUp(ctx, directory.Complete)
}

// finish waits for what goes on in the background.
func finish(stop context.CancelFunc, streams ...*stream) {
	stop()
	for _, t := range streams {
		for range t.pages {
			continue // nobody wants them
		}
	}
}

// both uses pages as they come.
func (r *reading) both(users, groups *stream, user, group func(object) error) error {
	people, teams := users.pages, groups.pages
	for people != nil || teams != nil {
		var err error
		select {
		case p, ok := <-people:
			if !ok {
				people, err = nil, wrap("read users", users.err)
				break
			}
			err = r.use(p, user)
		case p, ok := <-teams:
			if !ok {
				teams, err = nil, wrap("read groups", groups.err)
				break
			}
			err = r.use(p, group)
		}
		if err != nil {
			return err
		}
	}
	r.now.Users, r.now.Groups = users.link, groups.link
	return nil
}

func (r *reading) use(p page, each func(object) error) error {
	r.proof.Pages++
	r.proof.Entries += len(p.Value)
	for _, o := range p.Value {
		if err := each(o); err != nil {
			return err
		}
	}
	return nil
}

// changes reads what happened since a position: all of it before any of it is put, as it may turn out to be of no use.
func (r *reading) changes(ctx context.Context, old *position) error {
	ctx, stop := context.WithCancel(ctx)
	users, groups := r.source.follow(ctx, old.Users), r.source.follow(ctx, old.Groups)
	defer finish(stop, users, groups)
	var people, teams []object
	removed := map[string]bool{}
	keep := func(list *[]object) func(object) error {
		return func(o object) error {
			*list = append(*list, o)
			return restored(o, old, removed)
		}
	}
	err := r.both(users, groups, keep(&people), keep(&teams))
	var said *refused
	if errors.As(err, &said) && said.stale() {
		return &useless{said}
	}
	if err != nil {
		return err
	}
	for _, o := range people {
		if err := r.user(o); err != nil {
			return err
		}
	}
	for _, o := range teams {
		if err := r.changedGroup(o); err != nil {
			return err
		}
	}
	return r.lookUp(ctx, directory.Delta)
}

// restored says that somebody who was deleted, at the last time or in this very delta, is there again. What came back with them is only told by a
// read of everything.
func restored(o object, old *position, removed map[string]bool) error {
	id, err := o.id()
	if err != nil {
		return err
	}
	mark, err := o.removed()
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	if _, was := old.Bin[id]; mark == nil && (was || removed[id]) {
		return &useless{fmt.Errorf("%s was deleted and is there again", id)}
	}
	removed[id] = mark != nil
	return nil
}

// carryBin takes over who can still be restored.
func (r *reading) carryBin(old *position) {
	for id, since := range old.Bin {
		if r.began.Sub(since) < restorable {
			r.now.Bin[id] = since
		}
	}
}

// bin remembers who may be restored.
func (r *reading) bin(id string) {
	if len(r.now.Bin) < maxBin {
		r.now.Bin[id] = r.began
	}
}
