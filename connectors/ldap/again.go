package ldap

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// touched is what changed in a domain, whatever it is.
type touched struct {
	ids   []string
	by    map[string]*change
	moved []string // those among them that have another name or place than before
	most  int
}

// change is what is known of one object that changed.
type change struct {
	erased bool   // it was deleted
	whole  bool   // it must be read again; otherwise links are all that changed
	links  []link // members who came and went, in their order
}

type link struct {
	name identified
	gone bool
}

func newTouched(old position) *touched {
	return &touched{by: map[string]*change{}, most: max(old.Known/2, 1000)}
}

func (t *touched) about(id string) *change {
	c := t.by[id]
	if c == nil {
		c = &change{}
		t.by[id] = c
		t.ids = append(t.ids, id)
	}
	return c
}

func (t *touched) tooMany() error {
	if len(t.ids) > t.most {
		return &useless{errors.New("more than half of the directory changed")}
	}
	return nil
}

// readAgain reads people and groups by id. Who is not found is gone, or was never one of ours.
func (w windows) readAgain(ctx context.Context, t *touched) error {
	found := map[string]bool{}
	whole, linked := t.split()
	var groups []*ldapwire.Entry
	for some := range slices.Chunk(whole, lookup) {
		people, group := w.peopleQ, w.groupQ
		people.filter, group.filter = only(people.filter, some), only(group.filter, some)
		if _, err := w.c.page(ctx, people, nil, w.proof, func(e *ldapwire.Entry) error { return w.again(e, w.person, found) }); err != nil {
			return refused(err)
		}
		if _, err := w.c.page(ctx, group, nil, w.proof, func(e *ldapwire.Entry) error { groups = append(groups, e.Clone()); return nil }); err != nil {
			return refused(err)
		}
	}
	for _, e := range groups {
		if err := w.primaryMembers(ctx, e); err != nil {
			return err
		}
		if err := w.again(e, w.group, found); err != nil {
			return err
		}
	}
	for _, step := range []func() error{
		func() error { return w.putLinks(ctx, t, linked, found) },
		func() error { return w.newPrimaries(ctx) }, // behind the links: whoever takes a group as the primary one leaves its list
		func() error { return w.rest(ctx) },
		func() error { return w.putGone(t, found) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// split parts those to be read again from groups of which only members came or went. Nobody looks for who was deleted.
func (t *touched) split() (whole, linked []string) {
	for _, id := range t.ids {
		switch c := t.by[id]; {
		case c.erased:
		case c.whole:
			whole = append(whole, id)
		default:
			linked = append(linked, id)
		}
	}
	return whole, linked
}

// again puts an entry and remembers that it was found.
func (w windows) again(e *ldapwire.Entry, put func(*ldapwire.Entry) error, found map[string]bool) error {
	err := put(e)
	found[w.r.ID] = true
	return err
}

// putLinks puts who came and who went, of groups that are ours.
func (w windows) putLinks(ctx context.Context, t *touched, linked []string, found map[string]bool) error {
	for some := range slices.Chunk(linked, lookup) {
		q := w.groupQ
		q.filter, q.attributes = only(q.filter, some), []string{w.layout.groups.id.attribute}
		_, err := w.c.page(ctx, q, nil, w.proof, func(e *ldapwire.Entry) error {
			id, err := w.layout.groups.id.of(e)
			if err != nil {
				return err
			}
			found[id] = true
			return w.putEach(id, t.by[id].links)
		})
		if err != nil {
			return refused(err)
		}
	}
	return nil
}

func (w windows) putEach(group string, links []link) error {
	for _, l := range links {
		kind, refs := directory.MemberIs, []directory.Ref(nil)
		if ref, ok := w.member(l.name); ok {
			refs = append(refs, ref)
		} else {
			w.proof.Ignored++
		}
		if l.gone {
			kind, refs = directory.MemberGone, l.name.refs()
		}
		for _, ref := range refs {
			if err := w.put(&directory.Record{Kind: kind, ID: group, Member: ref}); err != nil {
				return err
			}
		}
	}
	return nil
}

// putGone puts who was not found. Deleting somebody takes them out of their groups, and leaves no trace there.
func (w windows) putGone(t *touched, found map[string]bool) error {
	for _, id := range t.ids {
		kind := directory.Gone
		if t.by[id].erased {
			kind = directory.Erased
		}
		if found[id] {
			continue
		}
		if err := w.put(&directory.Record{Kind: kind, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// only narrows a filter to some objects.
func only(filter string, ids []string) string {
	var b strings.Builder
	b.WriteString("(&" + filter + "(|")
	for _, id := range ids {
		b.WriteString("(objectGUID=" + inFilter(guidPacket(id)) + ")")
	}
	return b.String() + "))"
}

// primaryMembers finds everybody whose primary group this is. When the primary group of somebody changes, both groups change, so it is
// enough to look when a group does.
func (w windows) primaryMembers(ctx context.Context, group *ldapwire.Entry) error {
	v := group.Values("objectSid")
	if len(v) == 0 {
		return nil
	}
	sid, ok := sidText(v[0])
	if !ok {
		return nil
	}
	q := w.peopleQ
	q.filter = "(&" + q.filter + "(primaryGroupID=" + sid[strings.LastIndexByte(sid, '-')+1:] + "))"
	q.attributes = []string{w.layout.people.id.attribute}
	var all []string
	err := w.c.pages(ctx, q, w.source.settings.PageSize, w.proof, func(e *ldapwire.Entry) error {
		id, err := w.layout.people.id.of(e)
		all = append(all, id)
		return err
	})
	if err != nil {
		return refused(err)
	}
	if w.primary == nil {
		w.primary = map[string][]string{}
	}
	w.primary[sid] = all
	w.settled = append(w.settled, sid)
	return nil
}

// newPrimaries puts people who changed into their primary groups, as far as those did not change themselves: somebody who is new changes
// nothing about the group.
func (w windows) newPrimaries(ctx context.Context) error {
	for _, sid := range w.settled {
		delete(w.primary, sid)
	}
	for sid := range w.primary {
		raw, ok := sidBytes(sid)
		if !ok {
			continue
		}
		q := w.groupQ
		q.filter, q.attributes = "(&"+q.filter+"(objectSid="+inFilter(raw)+"))", []string{w.layout.groups.id.attribute}
		_, err := w.c.page(ctx, q, nil, w.proof, func(e *ldapwire.Entry) error {
			id, err := w.layout.groups.id.of(e)
			if err != nil {
				return err
			}
			return w.putPrimary(sid, id)
		})
		if err != nil {
			return refused(err)
		}
	}
	return nil
}
