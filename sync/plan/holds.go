package plan

import (
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// hold marks the steps that are not carried out for now. Reasons are looked for from the strongest to the weakest; the first
// stays. A step whose need is held is held with it, last of all.
func hold(in Input, d *decider, steps []Step) {
	standing := map[access.Digest]*access.Hold{}
	for i := range in.Holds {
		standing[in.Holds[i].Step] = &in.Holds[i]
	}
	unsettled := unsettled(in.Open)
	for i := range steps {
		s := &steps[i]
		for _, reason := range []func() *access.HoldReason{
			func() *access.HoldReason { return byMode(in.Policy.Mode, s) },
			func() *access.HoldReason { return byUnknown(unsettled, s) },
			func() *access.HoldReason { return byVerdict(standing[s.ID], s, in.At) },
		} {
			if r := reason(); r != nil {
				s.Hold = r
				break
			}
		}
		if h := standing[s.ID]; h != nil && h.Verdict == access.Approved && s.Hold != nil && s.Hold.Kind == access.HeldByHand {
			s.Hold = nil
		}
	}
	limit(in, d, steps, standing)
	holdDependents(steps)
}

func byMode(mode Mode, s *Step) *access.HoldReason {
	switch {
	case mode == Observe:
		return &access.HoldReason{Kind: access.HeldByMode, Text: "mode: observe changes nothing"}
	case mode == AddOnly && s.Change.Effect() == access.Narrows:
		return &access.HoldReason{Kind: access.HeldByMode, Text: "mode: add_only takes nothing away"}
	}
	return nil
}

// object is what two steps about one thing share.
type object struct{ email, group string }

// objectOf returns the person of a step about a person, otherwise the group.
func objectOf(o access.ObjectKey) object {
	if o.Email != "" {
		return object{email: o.Email}
	}
	return object{group: o.GroupName}
}

func unsettled(open []access.Intent) map[object]*access.HoldReason {
	m := map[object]*access.HoldReason{}
	for _, intent := range open {
		m[objectOf(intent.Call.Change.Object)] = &access.HoldReason{Kind: access.HeldByUnknown,
			Text: fmt.Sprintf("whether an earlier call was carried out (%s) is not known yet; it is looked at again in a minute", intent.Call.Change.Kind)}
	}
	return m
}

// byUnknown holds what could collide with a call whose outcome is not known. Taking access away collides with nothing: it may
// be done twice, and it must not wait.
func byUnknown(unsettled map[object]*access.HoldReason, s *Step) *access.HoldReason {
	if s.Change.Effect() == access.Narrows {
		return nil
	}
	return unsettled[objectOf(s.Change.Object)]
}

// byVerdict holds what has been held before and not been approved.
func byVerdict(h *access.Hold, s *Step, at access.Instant) *access.HoldReason {
	switch {
	case h == nil:
		return nil
	case h.Verdict == access.Rejected:
		return &access.HoldReason{Kind: h.Reason.Kind, Text: "rejected by " + h.By}
	case h.Verdict == access.Parked && at < h.Until:
		return &access.HoldReason{Kind: access.HeldByRefusal, Text: h.Reason.Text + "; tried again after " + day(h.Until)}
	case h.Verdict == access.Waiting && h.Reason.Kind == access.HeldByLimit:
		return &h.Reason
	}
	return s.Hold
}

// holdDependents holds what needs a held step. Needs point backwards, so one pass is enough.
func holdDependents(steps []Step) {
	for i := range steps {
		for _, n := range steps[i].Needs {
			if steps[n].Hold != nil && steps[i].Hold == nil {
				steps[i].Hold = &access.HoldReason{Kind: access.HeldByNeed,
					Text: "waits for: " + steps[n].Change.Kind.String() + " " + nameOf(steps[n].Change.Object)}
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
