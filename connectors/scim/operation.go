package scim

import (
	"fmt"
	"net/http"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// operation is one request about users or groups.
type operation struct {
	*handler
	*request
	kind *kind
	id   string
	only scim.Selection
}

// create takes in a new resource (RFC 7644 section 3.3).
func (o *operation) create(w http.ResponseWriter) (answer, error) {
	sent, err := o.sent(w)
	if err != nil {
		return answer{}, err
	}
	made, err := o.kind.typ.Create(sent)
	if err != nil {
		return answer{}, err
	}
	if o.kind.letter == letterOfUsers && !made.Has("active") {
		made = made.With("active", true)
	}
	var out scim.Resource
	err = o.update(o.Context(), func(b *book) (bool, error) {
		r := &row{id: newID(b.now, b.state.Number), created: b.now, resource: made}
		if err := b.put(o.kind, nil, r); err != nil {
			return false, err
		}
		o.id = r.id
		out, err = o.shown(b, r)
		return true, err
	})
	return answer{status: http.StatusCreated, body: out, location: o.locationOf(o.id)}, err
}

// sent reads the resource in the body.
func (o *operation) sent(w http.ResponseWriter) (scim.Resource, error) {
	data, err := o.body(w, o.kind.limits.Bytes)
	if err != nil {
		return nil, err
	}
	return scim.Decode(data, o.kind.limits)
}

// read shows a resource (RFC 7644 section 3.4.1).
func (o *operation) read() (answer, error) {
	var out scim.Resource
	err := o.view(o.Context(), func(b *book) error {
		r, err := b.get(o.kind, o.id)
		if err == nil {
			out, err = o.shown(b, r)
		}
		return err
	})
	return answer{status: http.StatusOK, body: out, location: o.locationOf(o.id)}, err
}

// replace puts a resource in the place of what there is (RFC 7644 section 3.5.1).
func (o *operation) replace(w http.ResponseWriter) (answer, error) {
	sent, err := o.sent(w)
	if err != nil {
		return answer{}, err
	}
	return o.alter(func(old scim.Resource) (scim.Resource, bool, error) { return o.kind.typ.Replace(old, sent) }, true)
}

// patch changes a resource (RFC 7644 section 3.5.2). Of a group, which may be large, only what is asked for is sent back.
func (o *operation) patch(w http.ResponseWriter) (answer, error) {
	data, err := o.body(w, o.kind.limits.Bytes)
	if err != nil {
		return answer{}, err
	}
	p, err := scim.ParsePatch(data, o.kind.limits)
	if err != nil {
		return answer{}, err
	}
	return o.alter(func(old scim.Resource) (scim.Resource, bool, error) { return p.Apply(o.kind.typ, old) },
		o.kind.letter == letterOfUsers || !o.only.IsZero())
}

// alter changes a resource, unless it is so already.
func (o *operation) alter(how func(old scim.Resource) (scim.Resource, bool, error), show bool) (answer, error) {
	var out scim.Resource
	err := o.update(o.Context(), func(b *book) (bool, error) {
		old, err := b.get(o.kind, o.id)
		if err != nil {
			return false, err
		}
		next, changed, err := careful(how, old.resource)
		if err != nil {
			return false, err
		}
		next, changed = stillDisabled(old.resource, next, changed)
		r := old
		if changed {
			r = &row{id: old.id, created: old.created, resource: next}
			if err := b.put(o.kind, old, r); err != nil {
				return false, err
			}
		}
		if show {
			out, err = o.shown(b, r)
		}
		return changed, err
	})
	if err != nil || !show {
		return answer{status: http.StatusNoContent}, err
	}
	return answer{status: http.StatusOK, body: out, location: o.locationOf(o.id)}, nil
}

// stillDisabled keeps the word of whether a user is active when a change takes it away, by a PUT without it or by null: silence lets nobody in.
func stillDisabled(old, next scim.Resource, changed bool) (scim.Resource, bool) {
	active := old.Get("active")
	if !changed || active == nil || next.Get("active") != nil {
		return next, changed
	}
	next = next.With("active", active)
	return next, !scim.Equal(old, next)
}

// careful makes an error of a panic: others are changed in the same transaction, and a mistake in the program must not cost theirs.
func careful(how func(scim.Resource) (scim.Resource, bool, error), old scim.Resource) (next scim.Resource, changed bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("change a resource: %v", p)
		}
	}()
	return how(old)
}

// drop deletes a resource (RFC 7644 section 3.6).
func (o *operation) drop() (answer, error) {
	err := o.update(o.Context(), func(b *book) (bool, error) {
		old, err := b.get(o.kind, o.id)
		if err == nil {
			err = b.drop(o.kind, old)
		}
		return true, err
	})
	return answer{status: http.StatusNoContent}, err
}

func (o *operation) locationOf(id string) string { return o.base + o.kind.path + "/" + id }

// whole is a resource with what only we know of it.
func (o *operation) whole(r *row) scim.Resource {
	out := scim.NewObject(scim.Field{Name: "schemas", Value: r.resource.Get("schemas")}, scim.Field{Name: "id", Value: r.id})
	for name, value := range r.resource.All() {
		out = out.With(name, value)
	}
	return out.With("meta", object("resourceType", o.kind.name, "created", stamp(r.created), "lastModified", stamp(r.modified),
		"location", o.locationOf(r.id)))
}

// shown is a resource as it is sent back: with what was asked for, and without members that were deleted since.
func (o *operation) shown(b *book, r *row) (scim.Resource, error) {
	all := o.whole(r)
	out := scim.Project(o.kind.typ, all, o.only)
	if !out.Has("members") {
		return out, nil
	}
	members, err := o.members(b, r)
	if err != nil {
		return nil, err
	}
	return scim.Project(o.kind.typ, all.With("members", members), o.only), nil
}

// members returns those of a group, with their addresses; nil when there are none.
func (o *operation) members(b *book, g *row) (any, error) {
	var all []any
	for _, m := range g.resource.List("members") {
		one, _ := m.(*scim.Object)
		what, err := b.typeOf(one.Text("value"))
		switch {
		case err != nil:
			return nil, err
		case what == "":
			continue
		}
		all = append(all, one.With("$ref", o.base+"/"+what+"s/"+one.Text("value")))
	}
	if all == nil {
		return nil, nil
	}
	return all, nil
}

// stamp is a moment as RFC 7643 section 2.3.5 has it.
func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z07:00") }
