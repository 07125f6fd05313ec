package ldap

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// Watching by persistent searches (draft-ietf-ldapext-psearch-03), which 389 Directory Server and FreeIPA have. A search that never ends brings
// every entry that changes, whatever it changes to; nothing says that it has begun, but the answer to a question that was asked after it does.
//
// FreeIPA writes down every login, so most of what comes is about nothing that we read. What changed in an entry is told only when what we read
// of it is not what it was when the entry came last.

// persistentSearch is the control of section 4 of the draft.
const persistentSearch = "2.16.840.1.113730.3.4.3"

// The changes that a persistent search may ask for (section 4).
const (
	added    = 1
	deleted  = 2
	modified = 4
	renamed  = 8
)

func newPersistentSearch(changes int64) ldap.Control {
	value := ber.NewSequence("PersistentSearch")
	value.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, changes, "changeTypes"))
	value.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, true, "changesOnly"))
	value.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, false, "returnECs"))
	return ldap.NewControlString(persistentSearch, true, string(value.Bytes()))
}

// listenPersistent hears two searches for each base: one for whatever comes, goes or moves, and one for what is changed in place.
func (w *watched) listenPersistent(ctx context.Context, c *session, ping func()) error {
	if !c.offers(persistentSearch) {
		return connectors.ErrUnwatchable
	}
	r := w.reading(c, nil)
	always := func(*ldapwire.Entry) bool { return true }
	var ears []func(context.Context, chan<- heard)
	for _, watch := range r.watches() {
		memory := &recollection{seed: maphash.MakeSeed(), last: map[uint64]uint64{}}
		for _, kind := range []struct {
			changes    int64
			attributes []string
			news       func(*ldapwire.Entry) bool
		}{
			{added | deleted | renamed, []string{"1.1"}, always},
			{modified, r.whatIsRead(), memory.news},
		} {
			q := query{what: "changes", base: watch.base, filter: "(objectClass=*)", scope: ldap.ScopeWholeSubtree, attributes: kind.attributes,
				controls: []ldap.Control{newPersistentSearch(kind.changes)}}
			sent, err := c.wire.Begin(q.request())
			if err != nil {
				return err
			}
			ears = append(ears, c.follow(sent, q, kind.news))
		}
	}
	return w.attend(ctx, c, append(ears, c.begun), 1, ping)
}

// whatIsRead are the attributes of people and groups that a read looks at, but for the time of change.
func (r *reading) whatIsRead() []string {
	all := slices.Concat(r.peopleQ.attributes, r.groupQ.attributes)
	return distinct(slices.DeleteFunc(all, func(name string) bool { return strings.EqualFold(name, r.layout.changed) }))
}

// recollection remembers what entries were like, by digests. It belongs to one goroutine.
type recollection struct {
	seed maphash.Seed
	last map[uint64]uint64 // by the digest of the name
}

// news says whether an entry is not as it was when it came last. The first time it is.
func (m *recollection) news(e *ldapwire.Entry) bool {
	var h maphash.Hash
	h.SetSeed(m.seed)
	write := func(b []byte) {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(b)))
		_, _ = h.Write(length[:]) // a Hash takes everything
		_, _ = h.Write(b)
	}
	for _, a := range e.Attributes {
		write([]byte(a.Name))
		for _, v := range a.Values {
			write(v)
		}
	}
	name, now := maphash.String(m.seed, e.DN), h.Sum64()
	before, known := m.last[name]
	m.last[name] = now
	return !known || before != now
}

// follow tells what a search brings that is news, until it ends.
func (c *session) follow(sent *ldapwire.Pending, q query, news func(*ldapwire.Entry) bool) func(context.Context, chan<- heard) {
	return func(ctx context.Context, tell chan<- heard) {
		_, err := sent.Follow(ctx, func(a *ldapwire.Answer) error {
			if a.Entry != nil && news(a.Entry) {
				say(ctx, tell, heard{})
			}
			return nil
		})
		say(ctx, tell, heard{ended: fmt.Errorf("watch %s: %w", q.base, c.whyDeaf(err))})
	}
}

// begun tells that all searches that were sent before have begun.
func (c *session) begun(ctx context.Context, tell chan<- heard) {
	if err := c.readDSE(); err != nil {
		say(ctx, tell, heard{ended: c.whyDeaf(err)})
		return
	}
	say(ctx, tell, heard{refreshed: true})
}
