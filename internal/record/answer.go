package record

import (
	"fmt"
	"strings"
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
	Users  int            // users of whom the trail knows nothing, and who hold groups
	Groups []OutsideGroup // by group
	Beside *access.Beside // roles, guests, links and teams, as of its own moment; nil: never counted
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
	Beside  access.BesideGroup
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
	if a.Outside.At.IsZero() {
		return "Not in it are users whom it does not know, and rights that come with a role in a place or the organization, to guests, by access " +
			"links and to teams: it has never looked at everybody, so it cannot count them."
	}
	var inside int
	for i := range a.Groups {
		inside += a.Groups[i].Outside
	}
	return fmt.Sprintf("Not in it, as kisi-sync last looked at everybody on %s: users whom it does not know, and who hold what is asked for: %d. %s",
		a.Outside.At.UTC().Format(time.DateTime), inside, a.roles())
}

// roles says what is known of the rights that are only counted.
func (a *Answer) roles() string {
	b := a.Outside.Beside
	if b == nil {
		return "Roles in a place or the organization, guests, access links and teams were never counted; the next full run counts them."
	}
	text := fmt.Sprintf("Not in it either, as counted on %s: who holds a role in a place or the organization, and may open its doors without any "+
		"group: users: %d, guests: %d; and the guests, access links and teams beside each group.", b.At.Time().UTC().Format(time.DateTime), b.Users, b.Guests)
	for _, lacking := range b.Uncounted {
		text += " Could not be counted: " + lacking + "."
	}
	return text
}

// BesideWords says who is beside the members of a group, "2 guests, 1 access link, the team Facility of 14"; "no guests, access links or teams" when nobody is.
func (g *GroupAnswer) BesideWords() string {
	var all []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			all = append(all, "1 "+one)
		case n > 1:
			all = append(all, fmt.Sprintf("%d %s", n, many))
		}
	}
	count(g.Beside.Guests, "guest", "guests")
	count(g.Beside.Links, "access link", "access links")
	for _, team := range g.Beside.Teams {
		name := "a team"
		if team.Name != "" {
			name = "the team " + team.Name
		}
		if team.Members == access.Unknown {
			all = append(all, name+" of nobody knows how many")
			continue
		}
		all = append(all, fmt.Sprintf("%s of %d", name, team.Members))
	}
	if len(all) == 0 {
		return "no guests, access links or teams"
	}
	return strings.Join(all, ", ")
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
