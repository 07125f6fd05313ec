package store

import (
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// accountReader reads rows of accounts. What it makes lies in few large blocks, texts that repeat are there once, and so is each
// cause: a ledger of a million accounts is read in one go.
type accountReader struct {
	causeAt func(uint64) (*access.Cause, bool)
	block   int // how many grants, owned grants or anchors to make at once; 0: as many as are needed
	text    arena
	grants  []access.Grant
	owned   []access.OwnedGrant
	anchors []access.Anchor
	words   map[string]string
}

// read fills a; false when the row is not what was written or makes no sense.
func (r *accountReader) read(key, row []byte, a *access.Account) bool {
	payload, ok := unseal(key, row)
	if !ok {
		return false
	}
	d := &decoder{rest: payload}
	flags := d.byte()
	k := &a.Known
	*k = access.Member{ID: access.RemoteID(numberOf(key)), Enabled: flags&flagEnabled != 0, SCIMBlocked: flags&flagSCIM != 0,
		Protected: access.Protection(d.byte())}
	a.Link.Level = access.Level(d.byte())
	k.Email, k.Name, k.Seen = r.text.copy(d.text()), r.text.copy(d.text()), d.instant()
	if flags&flagStamp != 0 {
		k.Stamp = access.Stamp{Installation: r.word(d.text()), Anchor: access.Anchor(r.text.copy(d.text()))}
	}
	k.Grants = take(&r.grants, d.count(), r.block)
	for i := range k.Grants {
		k.Grants[i] = r.grant(d)
	}
	r.link(d, flags, a)
	r.ownedGrants(d, a)
	return d.done()
}

func (r *accountReader) link(d *decoder, flags byte, a *access.Account) {
	l := &a.Link
	l.Anchors = take(&r.anchors, d.count(), r.block)
	for i := range l.Anchors {
		l.Anchors[i] = r.anchor(d.text(), a.Known.Stamp.Anchor)
	}
	l.Name = a.Known.Name
	if flags&flagSameName == 0 {
		l.Name = r.text.copy(d.text())
	}
	l.Since = d.instant()
	l.Suspended = r.cause(d)
	if l.Bare = 0; flags&flagBare != 0 {
		l.Bare = d.instant()
	}
	if l.SuspendedAt = 0; flags&flagSuspendedAt != 0 {
		l.SuspendedAt = d.instant()
	}
}

// anchor returns the text of an anchor, which is usually the one in the stamp.
func (r *accountReader) anchor(text string, stamp access.Anchor) access.Anchor {
	if text == string(stamp) {
		return stamp
	}
	return access.Anchor(r.text.copy(text))
}

func (r *accountReader) ownedGrants(d *decoder, a *access.Account) {
	a.Owned = take(&r.owned, d.count(), r.block)
	for i := range a.Owned {
		o := &a.Owned[i]
		o.Level, o.Cause, o.Since = access.Level(d.byte()), r.cause(d), d.instant()
		alike := d.number()
		var g access.Grant
		switch {
		case alike == 0:
			g = r.grant(d)
		case alike <= uint64(len(a.Known.Grants)):
			g = a.Known.Grants[alike-1]
		default:
			d.fail()
		}
		o.Assignment, o.Group, o.Role, o.From, o.Until = g.Assignment, g.Group, g.Role, g.From, g.Until
	}
}

func (r *accountReader) grant(d *decoder) access.Grant {
	return access.Grant{Assignment: access.RemoteID(d.number()), Group: access.RemoteID(d.number()), Role: r.role(d),
		From: d.instant(), Until: d.instant()}
}

func (r *accountReader) role(d *decoder) access.Role {
	role := access.Role(d.byte())
	if role > access.ScopedRole {
		d.fail()
	}
	return role
}

func (r *accountReader) cause(d *decoder) *access.Cause {
	c, ok := r.causeAt(d.number())
	if !ok {
		d.fail()
	}
	return c
}

// word returns a text that many rows share.
func (r *accountReader) word(text string) string {
	if w, ok := r.words[text]; ok {
		return w
	}
	if r.words == nil {
		r.words = map[string]string{}
	}
	w := r.text.copy(text)
	r.words[w] = w
	return w
}

func (d *decoder) instant() access.Instant {
	n := d.number()
	if n > uint64(^access.Instant(0)) {
		d.fail()
		return 0
	}
	return access.Instant(n)
}

// take cuts n things from a block and makes a new block when it is used up; nil for none. What is cut cannot grow into what is
// cut next.
func take[T any](block *[]T, n, size int) []T {
	if n == 0 {
		return nil
	}
	if len(*block) < n {
		*block = make([]T, max(n, size))
	}
	taken := (*block)[:n:n]
	*block = (*block)[n:]
	return taken
}
