package access

// LongestPark is how long a refused step is parked at most.
const LongestPark Instant = 24 * 3600

// Verdict is what was decided about a held step.
type Verdict uint8

// The verdicts.
const (
	Waiting Verdict = iota
	Approved
	Rejected
	Parked // tried and refused; tried again after Until
)

var verdictWords = [...]string{"waiting", "approved", "rejected", "parked"}

func (v Verdict) String() string { return verdictWords[v] }

// Hold is a step that is not carried out for now. It stands, by the step's digest, until it is approved and done, rejected, or no
// longer part of any plan.
type Hold struct {
	Step    Digest
	Verdict Verdict
	Reason  HoldReason
	What    string // the step in words, as it was when it was held
	Since   Instant
	Until   Instant // of Parked
	By      string  // who decided, "" while waiting
	Why     string
	Email   string   // of the person whom the step is about, folded; "" when it is about a group
	Needs   []Digest // steps that were held as well and must be done first
	Again   string   // the command line that does it once it is approved: no run does what an operator wants of one group; "": runs do it
}

// HoldReason says why a step is held.
type HoldReason struct {
	Kind HoldKind
	Text string // with numbers: "31 people would lose HQ Staff, the limit is 20"
}

// HoldKind sorts reasons.
type HoldKind uint8

// The reasons.
const (
	HeldByLimit   HoldKind = iota + 1 // more people than the file allows at once
	HeldByMode                        // observe, or add_only and it narrows
	HeldByHand                        // it would undo what somebody did in Kisi
	HeldByUnknown                     // an earlier call about the same thing has not been settled
	HeldByRefusal                     // Kisi refused it lately
	HeldByNeed                        // a step that must come first is held
	HeldByTime                        // caused by time alone while the clock cannot be trusted
	HeldByVerdict                     // somebody rejected it, or accepted what it would undo
)

var holdWords = [...]string{"", "limit", "mode", "by_hand", "unknown_outcome", "refused", "need", "clock", "rejected"}

func (k HoldKind) String() string { return holdWords[k] }

// Spending is a person, or everybody in a group, who gained or lost something, for limits over a window.
type Spending struct {
	At     Instant
	Effect Effect
	Cause  CauseKind
	Group  RemoteID // 0 when it was about the person as a whole
	Email  string   // folded; "" for everybody who is in the group
}

// Decision is what a person says about a held step.
type Decision struct {
	Step    Digest
	Verdict Verdict // Approved, Rejected, or Waiting to take back what was said
	By, Why string
}
