package plan

import (
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// hold marks the steps that are not carried out for now. Reasons are looked for from the strongest to the weakest; the first
// stays:
//
//	mode       observe, add_only
//	unknown    an earlier call about the same person or group is not settled
//	verdict    rejected, parked, or waiting since it was over a limit
//	by hand    it would undo what somebody did in Kisi; an approval lifts this one
//	role       it gives a role on a place or the organization, which is approved each time
//	limit      too many people at once; what is approved does not count and passes
//	need       a step that must come first is held
func hold(d *decider, steps []Step) {
	h := holder{in: d.in, standing: standing(d.in.Holds), unsettled: unsettled(d.in.Open)}
	for i := range steps {
		s := &steps[i]
		s.Hold = h.reason(s, h.standing[s.ID])
	}
	holdSwaps(steps)
	holdDependents(steps)
	if !d.people.known {
		h.limit(d, steps)
		holdDependents(steps)
	}
}

type holder struct {
	in        *Input
	standing  map[access.Digest]*access.Hold
	unsettled map[object]*access.HoldReason
}

func standing(holds []access.Hold) map[access.Digest]*access.Hold {
	m := make(map[access.Digest]*access.Hold, len(holds))
	for i := range holds {
		m[holds[i].Step] = &holds[i]
	}
	return m
}

// reason returns why a step is held whatever the others are, nil when it is not.
func (h *holder) reason(s *Step, standing *access.Hold) *access.HoldReason {
	if r := byMode(h.in.Policy.Mode, s); r != nil {
		return r
	}
	if r := h.byUnknown(s); r != nil {
		return r
	}
	if r := byVerdict(standing, h.in.At); r != nil && !(weightless(s) && standing.Verdict == access.Waiting) {
		return r
	}
	if s.Hold != nil && s.Hold.Kind == access.HeldByHand && approved(standing) {
		return nil
	}
	if s.Hold == nil && givesRole(&s.Change) && !approved(standing) {
		return &access.HoldReason{Kind: access.HeldByLimit, Text: "a role on a place or the organization is given only when somebody approves it, every time"}
	}
	return s.Hold
}

func byMode(mode Mode, s *Step) *access.HoldReason {
	switch {
	case mode == Observe:
		return &access.HoldReason{Kind: access.HeldByMode, Text: "mode: observe changes nothing"}
	case mode == AddOnly && s.Change.Takes():
		return &access.HoldReason{Kind: access.HeldByMode, Text: "mode: add_only takes nothing away"}
	}
	return nil
}

// noteLeavers says loudly who has left and keeps a door because of the mode.
func (d *decider) noteLeavers(steps []Step) {
	for i := range steps {
		s := &steps[i]
		if s.Hold != nil && s.Hold.Kind == access.HeldByMode && s.Change.Effect() == access.Narrows && urgentCause(s.Change.Cause.Kind) && s.Change.Kind.OfMember() {
			d.note(StillHolds, s.Change.Object.Email, s.Change.Cause.Text+", and keeps all access: "+s.Hold.Text)
		}
	}
}

// object is one name of what two steps about one thing share: of the person, or of the group.
type object struct {
	person, group string
	id            access.RemoteID // of the person's Kisi user
}

// objectsOf returns the names of what a change is about. A person has several, since each of them may change between two runs.
func objectsOf(c *access.Change) [3]object {
	o := &c.Object
	if !c.Kind.OfMember() {
		return [3]object{{group: o.GroupName}}
	}
	return [3]object{{person: o.Email}, {person: string(o.Anchor)}, {id: o.Member}}
}

func unsettled(open []access.Intent) map[object]*access.HoldReason {
	m := map[object]*access.HoldReason{}
	for i := range open {
		c := &open[i].Call.Change
		reason := &access.HoldReason{Kind: access.HeldByUnknown,
			Text: fmt.Sprintf("whether an earlier call was carried out (%s) is not known yet; it is looked at again in a minute", c.Kind)}
		for _, o := range objectsOf(c) {
			m[o] = reason
		}
	}
	delete(m, object{})
	return m
}

// byUnknown holds what could collide with a call whose outcome is not known. Taking access away collides with nothing: it may
// be done twice, and it must not wait. To delete a user can wait.
func (h *holder) byUnknown(s *Step) *access.HoldReason {
	if len(h.unsettled) == 0 || s.Change.Effect() == access.Narrows && s.Change.Kind != access.DeleteMember {
		return nil
	}
	return holdOf(h.unsettled, &s.Change)
}

// holdOf returns why a change must wait for a call that is not settled, nil when it need not.
func holdOf(unsettled map[object]*access.HoldReason, c *access.Change) *access.HoldReason {
	for _, o := range objectsOf(c) {
		if r := unsettled[o]; r != nil {
			return r
		}
	}
	return nil
}

// byVerdict holds what was rejected or refused, and what has waited since it was over a limit, even if it no longer is.
func byVerdict(h *access.Hold, at access.Instant) *access.HoldReason {
	switch {
	case h == nil:
		return nil
	case h.Verdict == access.Rejected:
		return &access.HoldReason{Kind: access.HeldByVerdict, Text: "rejected by " + h.By}
	case h.Verdict == access.Parked && at < h.Until && h.Until-at <= access.LongestPark: // what ends later was written by a wrong clock
		return &access.HoldReason{Kind: access.HeldByRefusal, Text: h.Reason.Text + "; tried again after " + day(h.Until, access.Zone{})}
	case h.Verdict == access.Waiting && h.Reason.Kind == access.HeldByLimit:
		return &h.Reason
	}
	return nil
}

func approved(h *access.Hold) bool { return h != nil && h.Verdict == access.Approved }

func (h *holder) approved(s *Step) bool { return len(h.standing) > 0 && approved(h.standing[s.ID]) }

// holdDependents holds what needs a held step. Needs point backwards, so one pass is enough.
func holdDependents(steps []Step) {
	for i := range steps {
		if steps[i].Hold != nil {
			continue
		}
		for _, n := range steps[i].Needs {
			if steps[n].Hold != nil {
				steps[i].Hold = &access.HoldReason{Kind: access.HeldByNeed,
					Text: "waits for: " + steps[n].Change.Kind.String() + " " + nameOf(steps[n].Change.Object)}
				break
			}
		}
	}
}

// nameOf returns what people call the object of a step.
func nameOf(o access.ObjectKey) string {
	switch {
	case o.Email != "" && o.GroupName != "":
		return o.Email + " in " + o.GroupName
	case o.Email != "":
		return o.Email
	}
	return o.GroupName
}
