package ldap

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// source is a directory. Between fetches it keeps nothing but which server it asked last.
type source struct {
	settings Settings
	env      connectors.Env
	layout   *layout
	ways     []way // in which Active Directory is asked for changes
	resolver *net.Resolver
	last     atomic.Pointer[string] // the server that was asked last
}

var (
	_ connectors.Source  = (*source)(nil)
	_ connectors.Checker = (*source)(nil)
)

// Fetch reads what changed, or everything.
func (s *source) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	receipt, err := s.read(ctx, since, put)
	if errors.As(err, new(*useless)) {
		// On a new connection: on the old one the answer that was given up may still be streaming.
		why := err.Error()
		s.env.Log.Debug("reading everything instead of what changed", "why", why)
		receipt, err = s.read(ctx, since.Past(), put)
		receipt.Proof.Note = strings.TrimPrefix(receipt.Proof.Note+"; "+why, "; ")
	}
	if err != nil {
		return directory.Receipt{}, err
	}
	p := receipt.Proof
	s.env.Log.Debug("read", "coverage", receipt.Coverage.String(), "pages", p.Pages, "entries", p.Entries,
		"referrals", p.Referrals, "ignored", p.Ignored, "note", p.Note)
	return receipt, nil
}

// read is one attempt over a session of its own.
func (s *source) read(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	return s.attempt(ctx, since, put, false)
}

// changes reads what changed, and nothing else: it is useless where that cannot be told.
func (s *source) changes(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	return s.attempt(ctx, since, put, true)
}

func (s *source) attempt(ctx context.Context, since directory.Cursor, put func(*directory.Record) error, onlyChanges bool) (directory.Receipt, error) {
	at := s.env.Now()
	c, err := s.connectFor(ctx, since)
	if err != nil {
		return directory.Receipt{}, err
	}
	defer c.Close()
	r := s.reading(c, put)
	r.onlyChanges = onlyChanges
	fetch := r.fetch
	if s.layout.windows {
		fetch = windows{r}.fetch
	}
	if c.behind != "" && !since.IsZero() {
		fetch = func(ctx context.Context, _ directory.Cursor) (directory.Receipt, error) {
			return windows{r}.leavers(ctx)
		}
	}
	receipt, err := fetch(ctx, since)
	if err == nil && c.behind != "" {
		if len(s.layout.forest) == 0 { // who was deleted in one domain may have moved to another one
			err = windows{r}.deleted(ctx)
		}
		if err == nil {
			receipt.Held, err = windows{r}.held(ctx, since)
		}
	}
	receipt.At, receipt.Proof, receipt.Behind = at, *r.proof, c.behind
	return receipt, err
}

// reading is one fetch over one session.
type reading struct {
	*recorder
	onlyChanges     bool // everything is of no use
	c               *session
	source          *source
	peopleQ, groupQ query
}

func (s *source) reading(c *session, put func(*directory.Record) error) *reading {
	l := s.layout
	controls := l.controls(c)
	return &reading{
		recorder: &recorder{layout: l, asked: s.env.Attributes, put: put, proof: &directory.Proof{}, began: s.env.Now(), homes: l.homes(c)},
		c:        c, source: s,
		peopleQ: query{"people", l.people.base, l.people.filter, l.people.scope, l.personAttributes(s.env.Attributes), controls},
		groupQ:  query{"groups", l.groups.base, l.groups.filter, l.groups.scope, l.groupAttributes(), controls},
	}
}

// fetch reads what changed since a position that is ours, or everything.
func (r *reading) fetch(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	shape, err := r.shape(ctx)
	switch {
	case err != nil:
		return directory.Receipt{}, err
	case shape == nil:
		return stamped{r}.fetch(ctx, since)
	case since.Shape == *shape:
		return r.delta(ctx, since)
	}
	now, err := r.position(ctx)
	if errors.As(err, new(*useless)) {
		return stamped{r}.fetch(ctx, since)
	}
	if err != nil {
		return directory.Receipt{}, err
	}
	before := r.proof.Entries
	if err := r.everything(ctx); err != nil {
		return directory.Receipt{}, err
	}
	now.Known = r.proof.Entries - before
	next, err := now.cursor(*shape)
	return directory.Receipt{Coverage: directory.Complete, Next: next}, err
}

// useless is a reason to read everything in plain searches. Nothing has been put by then.
type useless struct{ why error }

func (u *useless) Error() string { return u.why.Error() }
func (u *useless) Unwrap() error { return u.why }

// refused makes an answer of the server (not a lost connection, not a cancellation) a reason to read in a plainer way.
func refused(err error) error {
	if _, ok := answered(err); ok {
		return &useless{err}
	}
	return err
}

// answered returns the code with which the server answered. go-ldap has codes of its own for what failed on the way; a server's go up to
// 123 (RFC 4511), but for "refresh required" (RFC 4533 section 3.3.2), by which it refuses a position.
func answered(err error) (code uint16, ok bool) {
	var said *ldap.Error
	if !errors.As(err, &said) {
		return 0, false
	}
	return said.ResultCode, said.ResultCode < ldap.ErrorNetwork || said.ResultCode == ldap.LDAPResultSyncRefreshRequired
}

// everything reads all people and groups, page by page.
func (r *reading) everything(ctx context.Context) error {
	size := r.source.settings.PageSize
	if r.layout.windows && r.c.catalog() {
		r.catalogOf = r.c.dse.GetEqualFoldAttributeValue("defaultNamingContext")
		if err := r.catalogHas(ctx); err != nil {
			return err
		}
	}
	if err := r.c.pages(ctx, r.peopleQ, size, r.proof, r.person); err != nil {
		return err
	}
	if err := r.c.pages(ctx, r.groupQ, size, r.proof, r.group); err != nil {
		return err
	}
	return r.rest(ctx)
}
