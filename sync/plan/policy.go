// Package plan decides, purely, what is done about the difference between what should be and what is.
//
// The same Input gives the same Plan, byte for byte. It has no clock, no disk, no network and no log, and its order never depends
// on the order of a map.
package plan

import "time"

// Policy is what the file says about carrying out, apart from limits.
type Policy struct {
	Installation string
	Mode         Mode
	Managed      bool // new users are made as managed users (no mail from Kisi); otherwise they are invited
	Existing     Existing
	Repair       bool // access that we gave and somebody removed in Kisi is given again; otherwise it is reported
}

// Mode says what may be done at all.
type Mode uint8

// The modes. Observe: nothing is written. AddOnly: nothing is taken away. Full: everything.
const (
	Full Mode = iota
	AddOnly
	Observe
)

func (m Mode) String() string { return [...]string{"full", "add_only", "observe"}[m] }

// Existing says what becomes of a Kisi user that somebody else made and whose address is a person's.
type Existing uint8

// ManageOurRights: link the user, give and take only our own rights. ReportOnly: leave it alone and say so. Adopt: the user becomes
// ours, with those rights of its own that the rules want too; what else it holds stays and is reported.
const (
	ManageOurRights Existing = iota
	ReportOnly
	Adopt
)

// Limits say how many people may lose or gain something within a window. 0 people means none may; a negative number means no
// limit, which the file cannot say.
type Limits struct {
	Window   time.Duration
	Disabled int // people who lose something because the directory disabled or deleted them
	Removals Removals
	Grants   int // people who gain something
	// Sensitive is how many people may gain, or lose, one sensitive group. Leavers are not weighed by it: they have limits of their
	// own, and nobody keeps a sensitive door for having it.
	Sensitive int
}

// Removals limits people who lose something for any other cause. Each cause, and each group within a cause, is weighed by
// itself; whichever limit is reached first holds.
type Removals struct {
	People         int
	PercentOfGroup int // of the people who hold the group
	GroupsAbove    int // the percentage counts only in groups of more people than this
}
