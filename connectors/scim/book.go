package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// book is everything that was pushed, within one change or at one moment.
type book struct {
	shelf connectors.Shelf
	now   time.Time
	state state
}

func openBook(shelf connectors.Shelf, now time.Time) (*book, error) {
	s, err := readState(shelf)
	return &book{shelf: shelf, now: now.UTC(), state: s}, err
}

// get returns a resource; a 404 when there is none.
func (b *book) get(k *kind, id string) (*row, error) {
	data, err := b.shelf.Get(k.key(id))
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, notFound(k, id)
	}
	return decodeRow(id, data)
}

func notFound(k *kind, id string) *scim.Error {
	return &scim.Error{Status: http.StatusNotFound, Detail: fmt.Sprintf("there is no %s with the id %q", k.name, shorten(id))}
}

func (b *book) has(key string) (bool, error) {
	data, err := b.shelf.Get(key)
	return data != nil, err
}

// put keeps a resource that is new (old is nil) or another than it was.
func (b *book) put(k *kind, old, r *row) error {
	if err := b.settle(k, old, r); err != nil {
		return err
	}
	was := map[string]bool{}
	if old != nil {
		for _, key := range k.indexes(old) {
			was[key] = true
		}
		b.shelf.Put(changeKey(old.number), nil)
	} else {
		*b.state.count(k)++
	}
	r.number, r.modified = b.next(), b.now
	for _, key := range k.indexes(r) {
		if !was[key] {
			b.shelf.Put(key, []byte{})
		}
		delete(was, key)
	}
	for key := range was {
		b.shelf.Put(key, nil)
	}
	b.shelf.Put(k.key(r.id), r.encode())
	b.shelf.Put(changeKey(r.number), change{letter: k.letter, id: r.id}.encode())
	return b.close()
}

// settle refuses what cannot stand beside the rest: a name that is another user's, members that nobody is.
func (b *book) settle(k *kind, old, r *row) error {
	if err := short(r.resource, k.naming(), "externalId"); err != nil {
		return err
	}
	if k.letter == letterOfGroups {
		return b.settleMembers(old, r)
	}
	key := k.nameKey(r.resource.Text(k.naming()))
	owner, err := b.shelf.Get(key)
	switch {
	case err != nil:
		return err
	case owner != nil && string(owner) != r.id:
		return &scim.Error{Status: http.StatusConflict, Type: scim.Uniqueness, Detail: "another user has this userName"}
	case owner == nil:
		b.shelf.Put(key, []byte(r.id))
	}
	if old != nil {
		if before := k.nameKey(old.resource.Text(k.naming())); before != key {
			b.shelf.Put(before, nil)
		}
	}
	return nil
}

// longest is how long a name or an id of somebody else's may be; it becomes part of a key.
const longest = 1024

func short(r scim.Resource, names ...string) error {
	for _, name := range names {
		if len(r.Text(name)) > longest {
			return &scim.Error{Status: http.StatusBadRequest, Type: scim.InvalidValue, Detail: fmt.Sprintf("%s has more than %d bytes", name, longest)}
		}
	}
	return nil
}

// settleMembers gives each member its type, and refuses members that are new and nobody. Who was one before is not looked for again: a group
// may be large, and who was deleted since is passed over when it is read.
func (b *book) settleMembers(old, r *row) error {
	was := map[string]string{} // types, by id
	if old != nil {
		for _, m := range old.resource.List("members") {
			o, _ := m.(*scim.Object)
			was[o.Text("value")] = o.Text("type")
		}
	}
	var kept []any
	seen := map[string]bool{}
	for _, m := range r.resource.List("members") {
		o, _ := m.(*scim.Object)
		id := o.Text("value")
		if seen[id] {
			continue
		}
		seen[id] = true
		what, err := was[id], error(nil)
		if what == "" {
			what, err = b.typeOf(id)
		}
		switch {
		case err != nil:
			return err
		case what == "":
			return &scim.Error{Status: http.StatusBadRequest, Type: scim.InvalidValue,
				Detail: fmt.Sprintf("no user and no group has the id %q, which is to be a member", shorten(id))}
		case o.Text("type") != what || o.Has("$ref"):
			o = o.With("$ref", nil).With("type", what)
		}
		kept = append(kept, o)
	}
	if kept == nil {
		r.resource = r.resource.With("members", nil)
	} else {
		r.resource = r.resource.With("members", kept)
	}
	return nil
}

func memberOf(m any) string {
	o, _ := m.(*scim.Object)
	return o.Text("value")
}

// typeOf returns what an id belongs to, "" when to nothing.
func (b *book) typeOf(id string) (string, error) {
	is, err := b.has("u/" + id)
	if is || err != nil {
		return "User", err
	}
	is, err = b.has("g/" + id)
	if is || err != nil {
		return "Group", err
	}
	return "", nil
}

// drop deletes a resource. That it was there is remembered for ever.
func (b *book) drop(k *kind, old *row) error {
	b.shelf.Put(k.key(old.id), nil)
	b.shelf.Put(changeKey(old.number), nil)
	for _, key := range k.indexes(old) {
		b.shelf.Put(key, nil)
	}
	if k.letter == letterOfUsers {
		b.shelf.Put(k.nameKey(old.resource.Text(k.naming())), nil)
	}
	*b.state.count(k)--
	b.shelf.Put(changeKey(b.next()), change{k.letter, old.id, true}.encode())
	return b.close()
}

// next returns the number of a change.
func (b *book) next() uint64 {
	b.state.Number++
	b.state.Pushed = b.now
	return b.state.Number
}

// close keeps the state.
func (b *book) close() error {
	if b.state.Epoch == "" {
		b.state.Epoch = newID(b.now, b.state.Number)
	}
	data, err := json.Marshal(b.state)
	if err == nil {
		b.shelf.Put(stateKey, data)
	}
	return err
}
