package record

import (
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Answer is who held one or more groups at a moment, from the trail alone.
type Answer struct {
	At     time.Time
	Begins time.Time // of the trail: what was done before and is not carried on in it is not known
	Latest time.Time // of the lines that the answer rests on
	Groups []GroupAnswer
}

// GroupAnswer is who held one group.
type GroupAnswer struct {
	Group
	ID      access.RemoteID
	Holders []Holder // by address
}

// Answer returns who holds a group after the lines so far.
func (r *Replay) Answer(id access.RemoteID, at access.Instant) GroupAnswer {
	a := GroupAnswer{ID: id, Holders: r.Holders(id, at)}
	if g := r.groups[id]; g != nil {
		a.Group = *g
	}
	return a
}

// Words says what the answer is worth, to be shown with it.
func (a *Answer) Words() string {
	return fmt.Sprintf("This is what kisi-sync did, and what it saw in Kisi, from %s to %s. What somebody else did in Kisi is known from the "+
		"moment when kisi-sync saw it, and only of people whom it knows. Rights that come with a role in a place or the organization, guests and "+
		"access links are not in it.", a.Begins.UTC().Format(time.DateTime), a.Latest.UTC().Format(time.DateTime))
}

// How says where a right came from, in words.
func (h *Held) How() string {
	switch {
	case h.ByUs && h.Rule != "":
		return fmt.Sprintf("given by kisi-sync (rule %s, run %d, line %d)", h.Rule, h.Run, h.Line)
	case h.ByUs:
		return fmt.Sprintf("given by kisi-sync (run %d, line %d)", h.Run, h.Line)
	}
	return fmt.Sprintf("given by somebody else, as kisi-sync saw it in Kisi (line %d)", h.Line)
}
