package plan

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Outcome is what an observation says about a call whose answer was lost.
type Outcome uint8

// The outcomes. Open: it cannot be said yet. Ambiguous: something is there that is neither what was before nor what should have
// come of the call. Lost: a right that we were replacing went with the call that was cut: it is nobody's any more, and not by hand.
// Half: the right that was to replace another stands beside it.
const (
	Open Outcome = iota
	Done
	NotDone
	Ambiguous
	Lost
	Half
)

// Halved is a right that was to be replaced by another and now stands beside it. Both are ours until one of them is gone.
type Halved struct {
	Call access.Call     // the change that was begun
	Made access.RemoteID // the right that was to take the place of the other
}

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
	if observed == nil || len(open) == 0 {
		observed = &access.State{}
	}
	mail := observed.ByMail()
	for i, intent := range open {
		verdicts[i].Seq = intent.Seq
		if observed.Covers.Empty() || observed.At < SettlesAt(intent) {
			continue
		}
		j := judge{call: intent.Call, begun: intent.Begun, observed: observed, mail: mail, arrives: arrives(intent)}
		verdicts[i].Outcome, verdicts[i].ID = j.outcome()
	}
	return verdicts
}

type judge struct {
	call     access.Call
	begun    access.Instant
	observed *access.State
	mail     access.MailIndex
	arrives  [2]access.Instant // by Kisi's clock: the call cannot have got there before or after this; zero when that is not known
}

// arrives returns when a call can have reached Kisi, by Kisi's clock.
func arrives(i access.Intent) [2]access.Instant {
	const (
		apart   = 60      // as far as two of Kisi's servers, and the last answer's clock and the call, may be from each other
		patient = 60 * 10 // a call waits its turn, is sent again and waits for its answer, all in less than this
	)
	if i.Call.There == 0 {
		return [2]access.Instant{}
	}
	took := access.Instant(patient)
	if i.Cut > i.Begun {
		took = i.Cut - i.Begun
	}
	return [2]access.Instant{i.Call.There - apart, i.Call.There + took + settleAfter + apart}
}

func (j judge) outcome() (Outcome, access.RemoteID) {
	c := j.call.Change
	switch {
	case c.Kind.LedgerOnly():
		return NotDone, 0
	case c.Kind.OfMember():
		return j.ofMember(c)
	case c.Kind == access.CreateGroup:
		return j.newGroup(c)
	}
	return j.ofGroup(c)
}

func (j judge) ofMember(c access.Change) (Outcome, access.RemoteID) {
	m, covered := j.member(c)
	switch {
	case !covered:
		return Open, 0
	case m == nil && (c.Kind == access.RemoveAssignment || c.Kind == access.DeleteMember):
		return Done, 0
	case m == nil, c.Kind == access.DeleteMember:
		return NotDone, 0
	case c.Kind == access.CreateMember:
		return created(m, c)
	case c.Kind == access.UpdateMember:
		return field(m.Name, c.After.Name, c.Before.Name), 0
	case c.Kind == access.DisableMember, c.Kind == access.EnableMember:
		return field(m.Enabled, c.After.Enabled, c.Before.Enabled), 0
	}
	return j.right(j.maybeOurs(m.In(j.call.Group()), c), c)
}

// member finds whom a call was about: by id where it had one, else by address. What was seen of an address says nothing about an id.
func (j judge) member(c access.Change) (m *access.Member, covered bool) {
	if id := j.call.Member(); id != 0 {
		m, _ = j.observed.Member(id)
		return m, m != nil || j.observed.CoversMember(id, "")
	}
	folded := email.Fold(c.Object.Email)
	m, _ = j.mail.Find(folded)
	return m, m != nil || j.observed.CoversMember(0, folded)
}

// created tells our new user from somebody else's by the stamp that was written with it.
func created(m *access.Member, c access.Change) (Outcome, access.RemoteID) {
	if m.Stamp.Names(c.After.Stamp.Installation, []access.Anchor{c.After.Stamp.Anchor}) {
		return Done, m.ID
	}
	return NotDone, 0
}

// field judges a change of one field.
func field[T comparable](now, after, before T) Outcome {
	switch now {
	case after:
		return Done
	case before:
		return NotDone
	}
	return Ambiguous
}

// maybeOurs leaves out the rights that somebody else is known to have given, or that were given when the call was not under way, but for
// the one that the call was about.
func (j judge) maybeOurs(there []access.Grant, c access.Change) []access.Grant {
	if len(j.observed.ByOthers)+len(j.observed.Made) == 0 {
		return there
	}
	return slices.DeleteFunc(slices.Clone(there), func(g access.Grant) bool {
		return g.Assignment != c.Object.Assignment && (j.observed.ByOther(g.Assignment) || j.atAnotherTime(g.Assignment))
	})
}

// atAnotherTime says that a right was made when the call was not under way.
func (j judge) atAnotherTime(assignment access.RemoteID) bool {
	made := j.observed.Made[assignment]
	return made != 0 && j.arrives[1] != 0 && (made < j.arrives[0] || made > j.arrives[1])
}

// right judges a change of a right by those that somebody has in its group.
func (j judge) right(there []access.Grant, c access.Change) (Outcome, access.RemoteID) {
	old, oldThere := byAssignment(there, c.Object.Assignment)
	switch {
	case c.Kind == access.RemoveAssignment && oldThere:
		return NotDone, 0
	case c.Kind == access.RemoveAssignment:
		return Done, 0
	case c.Kind == access.UpdateAssignment && oldThere && same(old, c.After):
		return Done, old.Assignment
	}
	made := slices.IndexFunc(there, func(g access.Grant) bool { return same(g, c.After) })
	switch {
	case made >= 0 && !oldThere:
		return Done, there[made].Assignment
	case made >= 0 && c.Kind == access.UpdateAssignment:
		return Half, there[made].Assignment
	case len(there) == 0 && c.Kind == access.UpdateAssignment:
		return Lost, 0
	case len(there) == 0, made < 0 && oldThere && same(old, c.Before):
		return NotDone, 0
	}
	return Ambiguous, 0
}

func same(g access.Grant, f *access.Fields) bool {
	return f != nil && g.Role == f.Role && g.From == f.From && g.Until == f.Until
}

func (j judge) ofGroup(c access.Change) (Outcome, access.RemoteID) {
	g, ok := j.observed.Group(j.call.Group())
	switch {
	case !ok && (c.Kind == access.RemoveDoor || c.Kind == access.RemoveStop || c.Kind == access.DeleteGroup):
		return Done, 0
	case !ok:
		return NotDone, 0
	case c.Kind == access.UpdateGroup:
		return updated(g, c), 0
	case c.Kind == access.DeleteGroup:
		return NotDone, 0
	case !g.Opened:
		return Open, 0
	case c.Kind == access.AddDoor:
		return put(g.Doors, c.Object.Thing)
	case c.Kind == access.AddStop:
		return put(g.Stops, c.Object.Thing)
	case c.Kind == access.RemoveDoor:
		return taken(g.Doors, c.Object.Assignment), 0
	}
	return taken(g.Stops, c.Object.Assignment), 0
}

// updated judges a change of a group itself, which is one request: all of it was done, or nothing.
func updated(g *access.Group, c access.Change) Outcome {
	now := access.Fields{Description: g.Description, Settings: g.Settings.Only(c.After.Settings.Said)}
	then, before := access.Fields{Description: c.After.Description, Settings: c.After.Settings}, access.Fields{Description: c.Before.Description, Settings: c.Before.Settings}
	if c.After.Name != "" {
		now.Name, then.Name, before.Name = g.Name, c.After.Name, c.Before.Name
	}
	if c.After.Description == c.Before.Description {
		now.Description, then.Description, before.Description = "", "", "" // it was not written
	}
	switch {
	case now.Name == then.Name && now.Description == then.Description && now.Settings == then.Settings:
		return Done
	case now.Name == before.Name && now.Description == before.Description && now.Settings == before.Settings:
		return NotDone
	}
	return Ambiguous
}

// put judges whether a door or stop was put in.
func put(all []access.Opening, thing access.RemoteID) (Outcome, access.RemoteID) {
	for _, o := range all {
		if o.Thing == thing {
			return Done, o.Row
		}
	}
	return NotDone, 0
}

// taken judges whether a door or stop was taken out. If somebody has put it in again since, that is another row.
func taken(all []access.Opening, row access.RemoteID) Outcome {
	if slices.ContainsFunc(all, func(o access.Opening) bool { return o.Row == row }) {
		return NotDone
	}
	return Done
}

// before says that something was made before the call was begun, by more than two clocks are apart.
func (j judge) before(made access.Instant) bool {
	const apart = 3600
	return made != 0 && made+apart < j.begun
}

func (j judge) newGroup(c access.Change) (Outcome, access.RemoteID) {
	var found []access.RemoteID
	for i := range j.observed.Groups {
		if g := &j.observed.Groups[i]; g.Name == c.Object.GroupName && g.Place == c.After.Place && !j.before(g.Created) {
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
