package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Outcome is what an observation says about a call whose answer was lost.
type Outcome uint8

// The outcomes. Open: it cannot be said yet. Ambiguous: something is there that is neither what was before nor what should have
// come of the call.
const (
	Open Outcome = iota
	Done
	NotDone
	Ambiguous
)

// Verdict is the outcome of one intent; ID is what the call made, when it made something.
type Verdict struct {
	Seq     access.Seq
	Outcome Outcome
	ID      access.RemoteID
}

const (
	// settleAfter is how old a cut must be: a request may still be on its way through proxies and queues.
	settleAfter = 60
	// crashMargin is how long after it was begun a call of a process that died can have been cut at the latest.
	crashMargin = 60
)

// SettlesAt returns the first moment of an observation that says something about an intent.
func SettlesAt(i access.Intent) access.Instant {
	if i.Cut == 0 {
		return i.Begun + crashMargin + settleAfter
	}
	return i.Cut + settleAfter
}

// Settle returns a verdict for each open intent, in their order, only by what was observed. An observation that does not cover
// what the intent is about, or that began too soon, leaves it open.
func Settle(open []access.Intent, observed *access.State) []Verdict {
	verdicts := make([]Verdict, len(open))
	if observed == nil {
		observed = &access.State{}
	}
	mail := observed.ByMail()
	for i, intent := range open {
		verdicts[i].Seq = intent.Seq
		if observed.At < SettlesAt(intent) {
			continue
		}
		j := judge{intent: intent, observed: observed, mail: mail}
		verdicts[i].Outcome, verdicts[i].ID = j.outcome()
	}
	return verdicts
}

type judge struct {
	intent   access.Intent
	observed *access.State
	mail     access.MailIndex
}

func (j judge) outcome() (Outcome, access.RemoteID) {
	c := j.intent.Call.Change
	if c.Kind.LedgerOnly() {
		return NotDone, 0
	}
	if c.Kind.OfMember() {
		return j.ofMember(c)
	}
	return j.ofGroup(c)
}

func (j judge) ofMember(c access.Change) (Outcome, access.RemoteID) {
	id, folded := j.intent.Call.Member(), email.Fold(c.Object.Email)
	m, ok := j.observed.Member(id)
	if !ok && id == 0 {
		m, ok = j.mail.Find(folded)
	}
	switch {
	case !ok && !j.observed.CoversMember(id, folded):
		return Open, 0
	case !ok && c.Kind == access.RemoveAssignment:
		return Done, 0
	case !ok:
		return NotDone, 0
	case c.Kind == access.CreateMember:
		return created(m, c)
	case c.Kind == access.CreateAssignment, c.Kind == access.UpdateAssignment, c.Kind == access.RemoveAssignment:
		return j.right(m, c)
	}
	return field(c, access.Fields{Name: m.Name, Enabled: m.Enabled})
}

// created tells our new user from somebody else's by the stamp that was written with it.
func created(m *access.Member, c access.Change) (Outcome, access.RemoteID) {
	if m.Stamp == c.After.Stamp {
		return Done, m.ID
	}
	return NotDone, 0
}

func (j judge) right(m *access.Member, c access.Change) (Outcome, access.RemoteID) {
	there := m.In(j.intent.Call.Group())
	switch c.Kind {
	case access.RemoveAssignment:
		if _, ok := byAssignment(there, c.Object.Assignment); ok {
			return NotDone, 0
		}
		return Done, 0
	case access.UpdateAssignment:
		if g, ok := byAssignment(there, c.Object.Assignment); ok && same(g, c.Before) {
			return NotDone, 0
		}
	}
	for _, g := range there {
		if same(g, c.After) {
			return Done, g.Assignment
		}
	}
	if len(there) == 0 {
		return NotDone, 0
	}
	return Ambiguous, 0
}

func same(g access.Grant, f *access.Fields) bool {
	return f != nil && g.Role == f.Role && g.From == f.From && g.Until == f.Until
}

// field judges a change of one field of a user.
func field(c access.Change, now access.Fields) (Outcome, access.RemoteID) {
	value := func(f *access.Fields) any {
		if c.Kind == access.UpdateMember {
			return f.Name
		}
		return f.Enabled
	}
	switch value(&now) {
	case value(c.After):
		return Done, 0
	case value(c.Before):
		return NotDone, 0
	}
	return Ambiguous, 0
}

func (j judge) ofGroup(c access.Change) (Outcome, access.RemoteID) {
	if c.Kind == access.CreateGroup {
		return j.newGroup(c)
	}
	g, ok := j.observed.Group(j.intent.Call.Group())
	switch {
	case !ok:
		return NotDone, 0
	case c.Kind == access.UpdateGroup && g.Description == c.After.Description:
		return Done, 0
	case c.Kind == access.UpdateGroup:
		return NotDone, 0
	case !g.Opened:
		return Open, 0
	}
	return opening(g, c)
}

func opening(g *access.Group, c access.Change) (Outcome, access.RemoteID) {
	all := g.Doors
	if c.Kind == access.AddStop || c.Kind == access.RemoveStop {
		all = g.Stops
	}
	i := slices.IndexFunc(all, func(o access.Opening) bool { return o.Thing == c.Object.Thing })
	adding := c.Kind == access.AddDoor || c.Kind == access.AddStop
	switch {
	case i >= 0 && adding:
		return Done, all[i].Row
	case i < 0 && !adding:
		return Done, 0
	}
	return NotDone, 0
}

func (j judge) newGroup(c access.Change) (Outcome, access.RemoteID) {
	var found []access.RemoteID
	for _, g := range j.observed.Groups {
		if g.Name == c.Object.GroupName && g.Place == c.After.Place {
			found = append(found, g.ID)
		}
	}
	switch len(found) {
	case 0:
		return NotDone, 0
	case 1:
		return Done, found[0]
	}
	return Ambiguous, 0
}
