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
	stray                       // its source is not in the file any more
)

// absence is what is known of an anchor, with when it was first missed and where.
type absence struct {
	whereabouts
	since  time.Time
	source string
}

// open says that the anchor may still be somebody.
func (a absence) open() bool {
	return a.whereabouts == unseen || a.whereabouts == untraced || a.whereabouts == graced
}

// absence looks an anchor up. Without a memory of when somebody was last there, no grace can be counted; such a person is left
// alone, which is the side on which no door is lost by mistake.
func (m *mapper) absence(a access.Anchor) absence {
	id, key := cutAnchor(a)
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
	t, ok := m.view.Source(id).Tombstone(key)
	switch {
	case !ok:
		out.whereabouts = untraced
	case t.Since.Add(m.leavers.Vanished).After(m.in.At):
		out.whereabouts, out.since = graced, t.Since
	default:
		out.whereabouts, out.since = gone, t.Since
	}
	return out
}

// orphan makes the wish of an account none of whose anchors is in a source.
func (m *mapper) orphan(account *access.Account) access.Wish {
	known := &account.Known
	w := access.Wish{Member: known.ID, Email: known.Email, Name: known.Name, Folded: email.Fold(known.Email),
		Anchors: account.Link.Anchors}
	d := m.fate(account)
	w.Standing = d.standing
	if d.standing != access.Keep {
		w.Cause = m.causes.number(d.cause)
		return w
	}
	w.Losses = m.lost(none, account, nil)
	return w
}

// fate decides about an orphan by the anchor that says the least. Leave is also what keeps a user within its grace who was suspended
// before it vanished from being let in again.
func (m *mapper) fate(account *access.Account) decision {
	var last, open absence
	strays := 0
	for _, a := range account.Link.Anchors {
		x := m.absence(a)
		switch {
		case x.whereabouts == stray:
			strays++
		case x.open() && (!open.open() || x.whereabouts < open.whereabouts):
			open = x
		case x.whereabouts == gone && !x.since.Before(last.since):
			last = x
		}
		if x.whereabouts == graced {
			m.wake(ceil(x.since.Add(m.leavers.Vanished)))
		}
	}
	switch {
	case open.open():
		return m.waiting(account, open)
	case strays == len(account.Link.Anchors) && account.Link.Suspended != nil:
		return decision{access.Suspend, *account.Link.Suspended}
	case strays == len(account.Link.Anchors):
		return decision{standing: access.Keep}
	}
	return decision{access.Suspend, access.Cause{Kind: access.Vanished, Text: fmt.Sprintf("gone from %s since %s", last.source, m.day(access.At(last.since)))}}
}

// waiting is about an account that cannot be decided yet.
func (m *mapper) waiting(account *access.Account, x absence) decision {
	cause := access.Cause{Kind: access.Vanished}
	switch x.whereabouts {
	case unseen:
		cause = access.Cause{Kind: access.Conflict, Text: fmt.Sprintf("source %s was not read yet", x.source)}
	case graced:
		cause.Text = fmt.Sprintf("gone from %s since %s; suspended when it stays so", x.source, m.day(access.At(x.since)))
	default:
		cause.Text = fmt.Sprintf("not in %s, and nobody knows since when", x.source)
		m.conflict(Conflict{Kind: LostTrack, Who: account.Known.Email, Text: cause.Text + "; nothing is changed",
			Hint: "suspend the user in Kisi if the person has left", Key: keyOf(account.Link.Anchors[0])})
	}
	return decision{access.Leave, cause}
}

func keyOf(a access.Anchor) directory.Key {
	source, id := cutAnchor(a)
	return directory.Key{Source: source, ID: id}
}
