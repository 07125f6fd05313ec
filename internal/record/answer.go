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
	// Outside is what the trail cannot tell of, as of the last look at everybody, whatever At is.
	Outside Outside
}

// Outside counts the rights that kisi-sync sees in Kisi and does not follow; zero when it has never looked at everybody.
type Outside struct {
	At     time.Time
	Roles  int            // users with a role in a place or in the organization
	Users  int            // users of whom the trail knows nothing, and who hold groups
	Groups []OutsideGroup // by group
}

// OutsideGroup counts the users of whom the trail knows nothing, in one group.
type OutsideGroup struct {
	Group access.RemoteID
	Users int
}

// In returns how many users of whom the trail knows nothing hold a group.
func (o *Outside) In(group access.RemoteID) int {
	for _, g := range o.Groups {
		if g.Group == group {
			return g.Users
		}
	}
	return 0
}

// GroupAnswer is who held one group.
type GroupAnswer struct {
	Group
	ID      access.RemoteID
	Holders []Holder // by address
	Outside int      // users of whom the trail knows nothing; see Answer.Outside
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
		"moment when kisi-sync saw it, and only of people whom it knows. %s", a.Begins.UTC().Format(time.DateTime),
		a.Latest.UTC().Format(time.DateTime), a.beside())
}

// beside says what is not in the answer, and how much of it there is.
func (a *Answer) beside() string {
	const unread = "Guests, access links and teams are never read: look at them in Kisi."
	if a.Outside.At.IsZero() {
		return "Not in it are users whom it does not know, and rights that come with a role in a place or the organization: it has never looked " +
			"at everybody, so it cannot count them. " + unread
	}
	var inside int
	for i := range a.Groups {
		inside += a.Groups[i].Outside
	}
	return fmt.Sprintf("Not in it, as kisi-sync last looked at everybody on %s: users with a role in a place or the organization, who may open its doors "+
		"without any group: %d; users whom it does not know, and who hold what is asked for: %d. %s", a.Outside.At.UTC().Format(time.DateTime),
		a.Outside.Roles, inside, unread)
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
