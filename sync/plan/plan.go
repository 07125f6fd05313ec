package plan

import (
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Input is everything that a plan depends on. Nothing in it is changed.
type Input struct {
	Desired  *access.Desired
	Owned    *access.Ledger // what is ours, with the members as last seen
	Observed *access.State  // what is now, for whom it covers
	Policy   Policy
	Limits   Limits
	Spent    []access.Spending // within the window of the limits
	Holds    []access.Hold     // standing, in any order
	Open     []access.Intent   // begun and not settled
	Halved   []Halved          // begun, not settled, and no reason to wait with anything
	Released []access.RemoteID // Kisi users that an operator has released: whatever their stamps say, they are not ours
	Drift    []access.Drift    // as it is remembered
	Catalog  *access.Catalog   // what doors are called, in notes; nil: they are named by number
	At       access.Instant
}

// Plan is what to do, in the order in which it is to be done, and what was noticed.
type Plan struct {
	Steps []Step
	Notes []Note // sorted by kind, then who
	// Drift is what somebody did in Kisi to what is ours, as far as it was looked at, and what there was of those of whom nothing can be
	// said now, sorted. After a look at everybody, what is not in it is settled.
	Drift []access.Drift
	// Met are Kisi users of addresses that rules speak of, who are left alone, ascending: to be remembered, so that nobody looks at them
	// again for that.
	Met []access.RemoteID
}

// Step is one change with why it is made, what must come first, and whether it is held.
type Step struct {
	ID     access.Digest // over change, before, after and cause: what an approval names
	Change access.Change
	Reason Reason
	People int   // how many people gain or lose something by this one step
	Needs  []int // indices of earlier steps that must be done first
	Hold   *access.HoldReason
}

// Reason says why a step exists.
type Reason uint8

// The reasons, after the decision table in the design (section 3).
const (
	New             Reason = iota + 1 // wanted and not there
	ChangedAtSource                   // wanted otherwise, and still as we wrote it
	Repaired                          // wanted, ours, and undone or altered by somebody in Kisi
	Left                              // ours and no longer wanted
	Satisfaction                      // wanted, and there by somebody else's hand
	Released                          // no longer wanted, and never ours to take
	Forgotten                         // ours, no longer wanted, and gone by itself
	Recognized                        // this Kisi user is that person
	Returned                          // suspended by us, and wanted again
	TakenOver                         // somebody else's, and ours from now on because the file or an operator says adopt
	Replacement                       // it makes room for another Kisi user of the same person
)

var reasonWords = [...]string{"", "new", "changed at the source", "repaired", "left", "satisfied by hand", "released",
	"forgotten", "recognized", "returned", "adopted", "replaced"}

func (r Reason) String() string { return reasonWords[r] }

// MarshalText writes the reason as words.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Note is something that was noticed and that nothing is done about.
type Note struct {
	Kind NoteKind `json:"kind"`
	Who  string   `json:"who"` // e-mail address or name of a group
	Text string   `json:"text"`
	Hint string   `json:"hint,omitempty"` // what somebody can do about it
}

// NoteKind sorts notes.
type NoteKind string

// The kinds of notes.
const (
	Drifted         NoteKind = "drifted"           // altered in Kisi; it stays as somebody made it
	RemovedByHand   NoteKind = "removed_by_hand"   // we gave it, somebody took it; it stays away
	SuspendedByHand NoteKind = "suspended_by_hand" // not our suspension, so it is not lifted
	SuspendedBySCIM NoteKind = "suspended_by_scim" // REST cannot give this access back
	AddedByHand     NoteKind = "added_by_hand"     // holds a managed group that no rule gives, by somebody else's hand
	StillHolds      NoteKind = "still_holds"       // should have no access, and holds what others gave
	Protected       NoteKind = "protected"         // an administrator, the owner or the key's own user
	LessThanWanted  NoteKind = "less_than_wanted"  // somebody else's right is in the way of a better one
	LeftAlone       NoteKind = "left_alone"        // a Kisi user of that address exists and the file says to leave it
	LinkedElsewhere NoteKind = "linked_elsewhere"  // the Kisi user of that address is linked to another person
	AddressChanged  NoteKind = "address_changed"   // Kisi knows the person under an older address; mapping says the same of who was not looked at
	NotReplaced     NoteKind = "not_replaced"      // a Kisi user should make room for another one of the person, and cannot yet
	UnmanagedDoors  NoteKind = "unmanaged_doors"   // doors in a managed group that somebody else put there
	KeptInKisi      NoteKind = "kept_in_kisi"      // its time is over, and something is in the way of deleting the user
	Outsiders       NoteKind = "outsiders"         // people of no source hold a managed group
	GroupProblem    NoteKind = "group_problem"     // nothing can be done about a group
)

// Do returns how many steps will be carried out.
func (p *Plan) Do() int {
	n := 0
	for i := range p.Steps {
		if p.Steps[i].Hold == nil {
			n++
		}
	}
	return n
}

// Held returns how many steps are held.
func (p *Plan) Held() int { return len(p.Steps) - p.Do() }

// Calls returns how many requests the steps that are not held will send. A change of a right is read back, so it counts
// twice.
func (p *Plan) Calls() int {
	n := 0
	for i := range p.Steps {
		switch s := &p.Steps[i]; {
		case s.Hold != nil, s.Change.Kind.LedgerOnly():
		case s.Change.Kind == access.UpdateAssignment:
			n += 2
		default:
			n++
		}
	}
	return n
}

// Compute decides. It is pure and its order depends on nothing but its input.
func Compute(in Input) *Plan {
	d := newDecider(&in, false)
	d.declaredGroups()
	d.members()
	d.outsiders()
	steps := d.ordered()
	for i := range steps {
		steps[i].ID = steps[i].Change.Digest()
	}
	undone := byHand(steps)
	hold(d, steps)
	d.undoneSteps(steps, undone)
	d.noteLeavers(steps)
	d.sortNotes()
	return &Plan{Steps: steps, Notes: d.notes, Drift: d.drifts.all(), Met: sorted(d.met)}
}
