package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// Increments by RFC 4533. Three searches with a cookie each: people, groups, and the containers above them. A container that
// was renamed gives all entries below it new names without changing one of them, so any change there means to read everything.
//
// OpenLDAP's answers are believed where they say that something changed, and nowhere else:
//
//   - An entry that is called deleted may only match the search no more, or, as the session log knows neither names nor filters,
//     may never have matched: a changed group is "deleted" for the search of people. So nobody is gone before a plain search for
//     the id, among people and among groups, has not found it.
//   - A list of who is still there (the present phase, section 3.3.2), and a first answer without a cookie, leave out entries
//     that are younger than the server's own position, contextCSN. A crash throws that back to where it was last written, which
//     may be long ago; then they leave out people who are there. So neither is used: everything is read by plain searches,
//     and only the position is taken from a first answer about containers. For OpenLDAP a cookie is a position of the whole
//     database; a server to which it is more than that refuses it, and everything is read each time.
//   - If a crash throws the server's position back behind ours, it refuses ours and everything is read. If both are the same,
//     what happened in between is told with the next change only, and a deletion not before the next full read. That is all
//     that can be missed.

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
	Server  string   `json:"server"`  // which was asked
	Known   int      `json:"known"`   // people and groups after the last complete read
}

// streams are the searches that a position is about, containers first: they cost least and may spoil the rest.
func (r *reading) streams() []query {
	people, groups := r.layout.people.base, r.layout.groups.base
	above := func(base string) query {
		return query{what: "containers", base: base, filter: containers, scope: ldap.ScopeWholeSubtree, attributes: []string{"1.1"}}
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
	if !r.layout.increments || r.untraceable() != "" || !r.c.offers(ldap.ControlTypeSyncRequest) || identities[1] == "" || identities[2] == "" {
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
	if id, known := c.ids[base]; known {
		return id, nil
	}
	found, err := c.Search(ldap.NewSearchRequest(base, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"entryUUID"}, nil))
	if err != nil {
		return "", fmt.Errorf("look for the base %s: %w", base, c.explain(ctx, err))
	}
	id := ""
	if len(found.Entries) > 0 {
		id = strings.Join(found.Entries[0].GetEqualFoldAttributeValues("entryUUID"), " ")
	}
	c.ids[base] = id
	return id, nil
}

// position is where the server is now, for all streams; it is taken before everything is read.
func (r *reading) position(ctx context.Context) (token, error) {
	containers := r.streams()[0]
	got, err := r.c.refresh(ctx, containers, nil, &directory.Proof{}, func(*ldapwire.Entry) error { return nil })
	if err != nil {
		return token{}, refused(err)
	}
	t := token{Server: r.c.server}
	for range r.streams() {
		t.Cookies = append(t.Cookies, got.cookie)
	}
	return t, nil
}

// cursor is zero when the server gave no cookie: then the next read is complete.
func (t token) cursor(shape [32]byte) (directory.Cursor, error) {
	if len(t.Cookies) == 0 || slices.ContainsFunc(t.Cookies, func(c []byte) bool { return len(c) == 0 }) {
		return directory.Cursor{}, nil
	}
	raw, err := json.Marshal(t)
	return directory.Cursor{Shape: shape, Token: raw}, err
}

// changes is a delta before it is put: all of it or nothing.
type changes struct {
	people, groups []*ldapwire.Entry
	seen           map[string]bool // ids of people and groups
	gone           []string        // ids of those who may be gone
	token          token
}

// delta reads what changed since a position. It is useless when that can't be told for certain.
func (r *reading) delta(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	var old token
	if err := json.Unmarshal(since.Token, &old); err != nil || len(old.Cookies) != len(r.streams()) {
		return directory.Receipt{}, &useless{errors.New("the position is not one of ours")}
	}
	d := &changes{seen: map[string]bool{}, token: token{Known: old.Known, Server: r.c.server}}
	for i, q := range r.streams() {
		if err := r.follow(ctx, d, q, old.Cookies[i]); err != nil {
			return directory.Receipt{}, refused(err)
		}
	}
	if err := r.lookUpGone(ctx, d); err != nil {
		return directory.Receipt{}, refused(err)
	}
	if err := r.putChanges(d); err != nil {
		return directory.Receipt{}, err
	}
	next, err := d.token.cursor(since.Shape)
	return directory.Receipt{Coverage: directory.Delta, Next: next}, err
}

// follow reads one stream from its cookie.
func (r *reading) follow(ctx context.Context, d *changes, q query, cookie []byte) error {
	got, err := r.c.refresh(ctx, q, cookie, r.proof, func(e *ldapwire.Entry) error { return r.collect(d, q.what, e) })
	if err != nil {
		return err
	}
	d.token.Cookies = append(d.token.Cookies, got.cookie)
	if got.present == 0 && got.deletes || got.quiet() && string(got.cookie) == string(cookie) {
		d.gone = append(d.gone, got.gone...)
		return nil
	}
	return &useless{errors.New("the server does not remember what was deleted since")}
}

// collect keeps an entry of a delta. A server that does not understand a cookie sends everything, and nothing that tells us so:
// a delta of half the directory is not believed to be one.
func (r *reading) collect(d *changes, what string, e *ldapwire.Entry) error {
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
	*kept = append(*kept, e.Clone())
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
			if _, err := r.c.page(ctx, q, nil, r.proof, func(e *ldapwire.Entry) error { return r.collect(d, q.what, e) }); err != nil {
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

func (r *reading) putChanges(d *changes) error {
	for _, e := range d.people {
		if err := r.person(e); err != nil {
			return err
		}
	}
	for _, e := range d.groups {
		if err := r.group(e); err != nil {
			return err
		}
	}
	for _, id := range d.gone {
		if err := r.put(&directory.Record{Kind: directory.Gone, ID: id}); err != nil {
			return err
		}
	}
	return nil
}
