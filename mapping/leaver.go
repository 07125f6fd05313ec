package mapping

import (
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// whereabouts says what is known of an anchor.
type whereabouts uint8

const (
	present  whereabouts = iota // its source has it
	unseen                      // its source was not read
	untraced                    // its source has neither the person nor a memory of it
	graced                      // it is gone, but not for long enough
	gone                        // it is gone for good
	stray                       // its source is not in the file any more, or the person is not, where the file names people
)

// absence is what is known of an anchor: when it was first missed, why and where, and when its grace ends.
type absence struct {
	whereabouts
	why    directory.Absence
	since  time.Time
	ends   time.Time // of graced; zero: never
	source string
}

// open says that the anchor may still be somebody.
func (a absence) open() bool {
	return a.whereabouts == unseen || a.whereabouts == untraced || a.whereabouts == graced
}

// absence looks an anchor up. Without a memory of when somebody was last there, no grace can be counted; such a person is left
// alone, which is the side on which no door is lost by mistake.
func (m *mapper) absence(a access.Anchor) absence {
	id, key := m.cut(a)
	s := m.sourceWithID(id)
	if s < 0 {
		return absence{whereabouts: stray, source: id}
	}
	out := absence{source: m.sources[s].Name}
	if m.unread[s] {
		out.whereabouts = unseen
		return out
	}
	if _, ok := m.view.FindPerson(directory.Key{Source: id, ID: key}); ok {
		return out
	}
	if m.sources[s].Stated {
		out.whereabouts = stray
		return out
	}
	snapshot := m.view.Source(id)
	t, ok := snapshot.Tombstone(key)
	if !ok {
		out.whereabouts = untraced
		return out
	}
	out.whereabouts, out.since, out.why = gone, t.Since, t.Why
	switch wait := m.leavers.gone(t.Why); {
	case wait < 0:
		out.whereabouts = graced
	case t.Since.Add(wait).After(m.lastRead(snapshot)):
		out.whereabouts, out.ends = graced, t.Since.Add(wait)
	}
	return out
}

// lastRead returns until when it is known that somebody has not come back: a grace that ends while the source cannot be read goes on until
// it can.
func (m *mapper) lastRead(s *directory.Snapshot) time.Time {
	if at := s.At(); !at.IsZero() && at.Before(m.in.At) {
		return at
	}
	return m.in.At
}

// gone returns how long somebody who is gone keeps everything; below 0 for ever.
func (l *Leavers) gone(why directory.Absence) time.Duration {
	if why == directory.Deleted {
		return l.Deleted
	}
	return l.Vanished
}

// wakeAt says that the answer changes when a wait ends.
func (m *mapper) wakeAt(ends time.Time) {
	if !ends.IsZero() {
		m.wake(ceil(ends))
	}
}

// cause is why somebody who is gone loses something.
func (m *mapper) goneCause(a absence) access.Cause {
	day := m.day(access.At(a.since))
	if a.why == directory.Deleted {
		return access.Cause{Kind: access.Deleted, Text: fmt.Sprintf("deleted in %s, as known since %s", a.source, day)}
	}
	return access.Cause{Kind: access.Vanished, Text: fmt.Sprintf("gone from %s since %s", a.source, day)}
}

// orphan makes the wish of an account none of whose anchors is in a source.
func (m *mapper) orphan(a uint32) access.Wish {
	account := &m.ledger()[a]
	known := &account.Known
	w := access.Wish{Member: known.ID, Email: known.Email, Name: known.Name, Folded: email.Fold(known.Email), Anchors: m.anchorsOf(none, account)}
	d := m.fate(a)
	if d.standing == access.Keep {
		w.Losses = m.lost(none, a, nil)
		w.Unproven = m.unproven(none, a, &w)
		d = m.doorless(a, &w)
	}
	d = m.retire(a, none, &w, d)
	if w.Standing = d.standing; d.standing != access.Keep {
		w.Cause = m.causes.number(d.cause)
	}
	return w
}

// fate decides about an orphan by the anchor that says the least. Leave is also what keeps a user within its grace who was suspended
// before it vanished from being let in again.
func (m *mapper) fate(a uint32) decision {
	account := &m.ledger()[a]
	if p := m.blocked(a, none); p != nil {
		return decision{access.Suspend, blockCause(p)}
	}
	if d, decided := m.standing[a]; decided {
		return d
	}
	var last, open absence
	strays := 0
	for _, anchor := range account.Link.Anchors {
		x := m.absence(anchor)
		switch {
		case x.whereabouts == stray:
			strays++
		case x.open() && (!open.open() || x.whereabouts < open.whereabouts):
			open = x
		case x.whereabouts == gone && !x.since.Before(last.since):
			last = x
		}
		m.wakeAt(x.ends)
	}
	switch suspended := account.Link.Suspended; {
	case m.exempt(a, none) != nil && open.whereabouts != unseen:
		return pardoned(suspended)
	case open.open():
		return m.waiting(account, open)
	case strays == len(account.Link.Anchors) && suspended != nil && suspended.Kind != access.Blocked && suspended.Kind != access.NoDoors:
		return decision{access.Suspend, *suspended}
	case strays == len(account.Link.Anchors):
		return decision{standing: access.Keep}
	}
	return decision{access.Suspend, m.goneCause(last)}
}

// pardoned decides about an orphan who is exempt: kept as it is, unless a directory disabled the person before it lost sight of it.
func pardoned(suspended *access.Cause) decision {
	if suspended != nil && suspended.Kind == access.Disabled {
		return decision{access.Suspend, *suspended}
	}
	return decision{standing: access.Keep}
}

// waiting is about an account that cannot be decided yet.
func (m *mapper) waiting(account *access.Account, x absence) decision {
	cause := access.Cause{Kind: access.Vanished}
	switch x.whereabouts {
	case unseen:
		cause = access.Cause{Kind: access.Conflict, Text: fmt.Sprintf("source %s was not read yet", x.source)}
	case graced:
		cause = m.goneCause(x)
		m.reportGrace(account, cause.Text, x.ends)
		if cause.Text += "; suspended when it stays so"; x.ends.IsZero() {
			cause.Text = m.goneCause(x).Text + "; the file says never to suspend for that"
		}
	default:
		cause.Text = fmt.Sprintf("not in %s, and nobody knows since when", x.source)
		m.conflict(Conflict{Kind: LostTrack, Who: account.Known.Email, Text: cause.Text + "; nothing is changed",
			Hint: "suspend the user in Kisi if the person has left", Key: m.keyOf(account.Link.Anchors[0])})
	}
	return decision{access.Leave, cause}
}

// reportGrace tells who has left and keeps everything for now. Who is suspended already keeps nothing.
func (m *mapper) reportGrace(account *access.Account, why string, ends time.Time) {
	if ends.IsZero() || account.Link.Suspended != nil || account.Known.Email == "" {
		return
	}
	until := ceil(ends).In(m.zone).Format("2006-01-02 15:04 MST")
	if !ends.After(m.in.At) {
		until = "the source can be read"
	}
	m.conflict(Conflict{Kind: GraceRuns, Who: account.Known.Email, Key: m.keyOf(account.Link.Anchors[0]),
		Text: fmt.Sprintf("%s; waiting until %s before anything is taken", why, until)})
}

func (m *mapper) keyOf(a access.Anchor) directory.Key {
	source, id := m.cut(a)
	return directory.Key{Source: source, ID: id}
}

// leftScope decides about a human whose source may not speak for the address any more. When that began only the source can say.
func (m *mapper) leftScope(a, h uint32) decision {
	m.reportAddress(h)
	text := m.addressConflict(h).Text
	leave := decision{access.Leave, access.Cause{Kind: access.Conflict, Text: text}}
	wait := m.leavers.LeftScope
	changed := m.view.Person(int(h)).Changed()
	if wait == nil || *wait < 0 || m.exempt(a, h) != nil || *wait > 0 && changed.IsZero() {
		return leave
	}
	if ends := changed.Add(*wait); *wait > 0 && ends.After(m.in.At) {
		m.wakeAt(ends)
		m.reportGrace(&m.ledger()[a], text, ends)
		return leave
	}
	return decision{access.Suspend, access.Cause{Kind: access.LeftScope, Text: text}}
}

// doorless decides about an account that is to be kept: suspended, if the file says so, when it has held nothing for long enough
// that we gave, nor anything else in Kisi as far as is known. Somebody who lost something only now holds it until it was taken. Who has
// no door for want of an answer is not suspended for that.
func (m *mapper) doorless(a uint32, w *access.Wish) decision {
	account, keep := &m.ledger()[a], decision{standing: access.Keep}
	wait, since := m.leavers.NoDoors, account.Link.Bare.Time()
	if wait == nil || *wait < 0 || m.create || since.IsZero() || !account.Link.Level.Ours() {
		return keep
	}
	if len(w.Grants)+len(account.Owned)+len(account.Known.Grants) > 0 || m.exempt(a, m.owner[a]) != nil {
		return keep
	}
	before := account.Link.Suspended != nil && account.Link.Suspended.Kind == access.NoDoors
	if !before && m.selection.anyLost {
		return keep
	}
	if ends := since.Add(*wait); ends.After(m.in.At) {
		m.wakeAt(ends)
		return keep
	}
	return decision{access.Suspend, access.Cause{Kind: access.NoDoors, Text: "has held no door since " + m.day(account.Link.Bare)}}
}
