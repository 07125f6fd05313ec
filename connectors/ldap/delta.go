package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Increments by RFC 4533. Three searches with a cookie each: people, groups, and the containers above them. A container that
// was renamed gives all entries below it new names without changing one of them, so any change there means to read everything.
//
// The server calls an entry deleted when it matches the search no more, and OpenLDAP's session log, which knows neither names
// nor filters, also when it never did: a changed group is "deleted" for the search of people. So nothing is believed to be gone
// before a plain search for its id, of people and of groups, has not found it.

const (
	// maxGone is how many deletions are looked up one by one before reading everything is cheaper.
	maxGone = 5000
	// lookup is how many ids one search names.
	lookup = 200
	// containers are entries that people and groups hang below.
	containers = "(|(objectClass=organizationalUnit)(objectClass=organization)(objectClass=dcObject)(objectClass=domain)" +
		"(objectClass=locality)(objectClass=country)(objectClass=container)(objectClass=nsContainer))"
)

// token is the position of all searches.
type token struct {
	Cookies [][]byte `json:"cookies"` // in the order of streams
	Known   int      `json:"known"`   // people and groups after the last complete read
}

// streams are the searches that a position is about, containers first: they cost least and may spoil the rest.
func (r *reading) streams() []query {
	people, groups := r.layout.people.base, r.layout.groups.base
	above := func(base string) query {
		return query{"containers", base, containers, ldap.ScopeWholeSubtree, []string{"1.1"}}
	}
	switch {
	case within(groups, people):
		return []query{above(people), r.peopleQ, r.groupQ}
	case within(people, groups):
		return []query{above(groups), r.peopleQ, r.groupQ}
	}
	return []query{above(people), above(groups), r.peopleQ, r.groupQ}
}

// shape is a digest of what a position is good for: this server, these bases (by their ids, so that a directory that was set
// up anew is another one), these searches. It is nil where increments are not to be had.
func (r *reading) shape(ctx context.Context) (*[32]byte, error) {
	identities := []string{r.c.server}
	for _, base := range []string{r.layout.people.base, r.layout.groups.base} {
		id, err := r.c.identity(ctx, base)
		if err != nil {
			return nil, err
		}
		identities = append(identities, id)
	}
	if !r.layout.increments || !r.c.offers(ldap.ControlTypeSyncRequest) || identities[1] == "" || identities[2] == "" {
		return nil, nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "ldap 1 %q\n", identities)
	for _, q := range r.streams() {
		fmt.Fprintf(h, "%q %q %d %q\n", q.base, q.filter, q.scope, q.attributes)
	}
	return (*[32]byte)(h.Sum(nil)), nil
}

// identity is the entryUUID of a base, "" if we may not see it. A base that is not there is an error.
func (c *session) identity(ctx context.Context, base string) (string, error) {
	found, err := c.Search(ldap.NewSearchRequest(base, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"entryUUID"}, nil))
	if err != nil {
		return "", fmt.Errorf("look for the base %s: %w", base, c.explain(ctx, err))
	}
	if len(found.Entries) == 0 {
		return "", nil
	}
	return strings.Join(values(found.Entries[0], "entryUUID"), " "), nil
}

// refreshAll reads everything and takes a position. It is useless only before anything was put.
func (r *reading) refreshAll(ctx context.Context, shape [32]byte) (directory.Receipt, error) {
	var t token
	for _, q := range r.streams() {
		got, err := r.c.refresh(ctx, q, nil, r.proof, r.taker(q.what))
		if err != nil && q.what == "containers" {
			return directory.Receipt{}, refused(err)
		}
		if err != nil {
			return directory.Receipt{}, err
		}
		if len(got.gone) > 0 || len(got.present) > 0 {
			return directory.Receipt{}, fmt.Errorf("synchronize %s: the server answered a first read as if it were a later one", q.what)
		}
		t.Cookies = append(t.Cookies, got.cookie)
		if q.what != "containers" {
			t.Known += got.entries
		}
	}
	next, err := t.cursor(shape)
	return directory.Receipt{Coverage: directory.Complete, Next: next}, err
}

// taker is what is done with the entries of a stream.
func (r *reading) taker(what string) func(*ldap.Entry) error {
	switch what {
	case "people":
		return r.person
	case "groups":
		return r.group
	}
	return func(*ldap.Entry) error { return nil }
}

// cursor is zero when the server gave no cookie: then the next read is complete.
func (t token) cursor(shape [32]byte) (directory.Cursor, error) {
	for _, c := range t.Cookies {
		if len(c) == 0 {
			return directory.Cursor{}, nil
		}
	}
	raw, err := json.Marshal(t)
	return directory.Cursor{Shape: shape, Token: raw}, err
}

// changes is a delta before it is put: all of it or nothing.
type changes struct {
	people, groups []*ldap.Entry
	seen           map[string]bool // ids of people and groups
	present, gone  []string
	told           int // streams that told what is gone
	listed         int // streams that told what is there
	token          token
}

// delta reads what changed since a position. It is useless when that can't be told for certain.
func (r *reading) delta(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	var old token
	if err := json.Unmarshal(since.Token, &old); err != nil || len(old.Cookies) != len(r.streams()) {
		return directory.Receipt{}, &useless{errors.New("the position is not one of ours")}
	}
	d := &changes{seen: map[string]bool{}, token: token{Known: old.Known}}
	for i, q := range r.streams() {
		if err := r.follow(ctx, d, q, old.Cookies[i]); err != nil {
			return directory.Receipt{}, refused(err)
		}
	}
	if d.told > 0 && d.listed > 0 {
		return directory.Receipt{}, &useless{errors.New("one search told what is gone and another what is there")}
	}
	if err := r.lookUpGone(ctx, d); err != nil {
		return directory.Receipt{}, refused(err)
	}
	coverage, err := r.putChanges(d)
	if err != nil {
		return directory.Receipt{}, err
	}
	next, err := d.token.cursor(since.Shape)
	return directory.Receipt{Coverage: coverage, Next: next}, err
}

// follow reads one stream from its cookie.
func (r *reading) follow(ctx context.Context, d *changes, q query, cookie []byte) error {
	got, err := r.c.refresh(ctx, q, cookie, r.proof, func(e *ldap.Entry) error { return r.collect(d, q.what, e) })
	if err != nil {
		return err
	}
	d.token.Cookies = append(d.token.Cookies, got.cookie)
	switch {
	case q.what == "containers":
		return nil
	case got.quiet() && string(got.cookie) == string(cookie):
		return nil
	case got.deletes:
		d.told++
		d.gone = append(d.gone, got.gone...)
	case len(got.gone) > 0 || got.quiet():
		return &useless{errors.New("the server does not say whether it told what is gone or what is there")}
	default:
		d.listed++
		d.present = append(d.present, got.present...)
	}
	return nil
}

// collect keeps an entry of a delta. A server that does not understand a cookie sends everything, and nothing that tells us so:
// a delta of half the directory is not believed to be one.
func (r *reading) collect(d *changes, what string, e *ldap.Entry) error {
	if what == "containers" {
		return &useless{errors.New("a container of people or groups was changed, so their names may be other ones")}
	}
	c, kept := &r.layout.people, &d.people
	if what == "groups" {
		c, kept = &r.layout.groups, &d.groups
	}
	id, err := c.id.of(e)
	if err != nil {
		return err
	}
	*kept = append(*kept, e)
	if d.seen[id] = true; 2*len(d.seen) > d.token.Known {
		return &useless{errors.New("more than half of the directory changed, or the server lost our position")}
	}
	return nil
}

// lookUpGone looks for everybody whom the server called gone and did not send. Whom it finds has only changed.
func (r *reading) lookUpGone(ctx context.Context, d *changes) error {
	gone := d.unseen(d.gone)
	if len(gone) > maxGone {
		return &useless{fmt.Errorf("%d entries may be gone", len(gone))}
	}
	for start := 0; start < len(gone); start += lookup {
		ids := gone[start:min(start+lookup, len(gone))]
		for _, q := range []query{r.peopleQ, r.groupQ} {
			q.filter = "(&" + q.filter + "(|(entryUUID=" + strings.Join(ids, ")(entryUUID=") + ")))"
			if _, err := r.c.page(ctx, q, nil, r.proof, func(e *ldap.Entry) error { return r.collect(d, q.what, e) }); err != nil {
				return err
			}
		}
	}
	d.gone = d.unseen(gone)
	return nil
}

// unseen are the ids that no entry came for, each once.
func (d *changes) unseen(ids []string) []string {
	var out []string
	once := make(map[string]bool, len(ids))
	for _, id := range ids {
		if !d.seen[id] && !once[id] {
			once[id] = true
			out = append(out, id)
		}
	}
	return out
}

// putChanges puts a delta; after a list of what is there it is complete.
func (r *reading) putChanges(d *changes) (directory.Coverage, error) {
	for _, e := range d.people {
		if err := r.person(e); err != nil {
			return 0, err
		}
	}
	for _, e := range d.groups {
		if err := r.group(e); err != nil {
			return 0, err
		}
	}
	coverage, marks, kind := directory.Delta, d.gone, directory.Gone
	if d.listed > 0 {
		coverage, marks, kind = directory.Complete, d.unseen(d.present), directory.Unsure
		d.token.Known = len(d.seen) + len(marks)
	}
	for _, id := range marks {
		if err := r.put(&directory.Record{Kind: kind, ID: id}); err != nil {
			return 0, err
		}
	}
	return coverage, nil
}
