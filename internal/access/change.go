package access

import (
	"encoding/binary"
	"strings"
)

// Kind is what a change does.
type Kind uint8

// The kinds. Each is exactly one HTTP write, but for those that are LedgerOnly. They are kept on disk by number: new ones go to the end.
const (
	CreateMember     Kind = iota + 1 // POST /users
	UpdateMember                     // PATCH /users: name
	DisableMember                    // PATCH /users: access_enabled false
	EnableMember                     // PATCH /users: access_enabled true
	CreateGroup                      // POST /groups
	UpdateGroup                      // PATCH /groups: description, name or settings
	AddDoor                          // POST /group_locks
	RemoveDoor                       // DELETE /group_locks
	AddStop                          // POST /group_elevator_stops
	RemoveStop                       // DELETE /group_elevator_stops
	CreateAssignment                 // POST /role_assignments
	UpdateAssignment                 // PATCH /role_assignments: role and dates
	RemoveAssignment                 // DELETE /role_assignments
	LinkMember                       // this Kisi user is that person
	NoteSatisfied                    // wanted, and there by somebody else's hand
	ReleaseGrant                     // no longer wanted, and not ours to take
	ForgetGrant                      // ours, no longer wanted, and gone by itself
	ForgetMember                     // linked, and deleted in Kisi by somebody
	DeleteMember                     // DELETE /users, which cannot be undone
	ReleaseMember                    // no longer looked after; the user stays as it is
	ForgetDoor                       // we put it in, it is no longer declared, and somebody took it out
	ForgetStop                       // the same of an elevator stop
	DeleteGroup                      // DELETE /groups, with every right in it
)

var kindWords = [...]string{"", "create user", "update user", "suspend user", "restore user", "create group", "update group",
	"add door", "remove door", "add elevator stop", "remove elevator stop", "give access", "change access", "remove access",
	"link user", "note access given by hand", "release access", "forget access", "forget user", "delete user", "release user",
	"forget door", "forget elevator stop", "delete group"}

func (k Kind) String() string { return kindWords[k] }

// LedgerOnly says that nothing is sent to Kisi.
func (k Kind) LedgerOnly() bool { return k >= LinkMember && k != DeleteMember && k != DeleteGroup }

// OfMember says that the change is about one person; the others are about a group.
func (k Kind) OfMember() bool {
	return k <= EnableMember || k >= CreateAssignment && k != ForgetDoor && k != ForgetStop && k != DeleteGroup
}

// ObjectKey names what a change is about, by id where it has one and always by what people call it.
type ObjectKey struct {
	Member     RemoteID
	Email      string // folded
	Anchor     Anchor
	Group      RemoteID
	GroupName  string
	Thing      RemoteID // door or elevator stop
	Assignment RemoteID // role assignment, or the connection of a door or stop to its group
}

// Fields are the values that a change reads or writes. Which of them count depends on its kind.
type Fields struct {
	Email, Name string
	Managed     bool // created without mail from Kisi, as a managed user
	Enabled     bool
	Stamp       Stamp
	Anchors     []Anchor
	Description string
	Settings    Settings // of a group; those that nothing is said of stay as they are
	Place       RemoteID
	Role        Role
	From, Until Instant
	Notify      bool
	Level       Level
}

// Change is one write. Before is what was there (nil: nothing), After what shall be (nil: nothing).
type Change struct {
	Kind          Kind
	Object        ObjectKey
	Before, After *Fields
	Cause         Cause // kept in the ledger with what was given
}

// Effect says whether a change gives access, takes it, or neither.
type Effect uint8

// The effects.
const (
	Neutral Effect = iota
	Widens
	Narrows
)

// Effect returns what the change does to anybody's access. A change of dates that does both counts as Widens and is weighed as a
// grant: what it takes is small, what it gives is new. So does a change of role, unless the old one covers the new one.
func (c Change) Effect() Effect {
	switch c.Kind {
	case EnableMember, AddDoor, AddStop, CreateAssignment:
		return Widens
	case DisableMember, RemoveDoor, RemoveStop, RemoveAssignment, DeleteMember, DeleteGroup:
		return Narrows
	case UpdateAssignment:
		return c.regrant()
	case UpdateGroup:
		return c.resetting()
	}
	return Neutral
}

// resetting is the effect of other settings of a group.
func (c Change) resetting() Effect {
	if c.After == nil {
		return Neutral
	}
	switch widening, narrowing := c.After.Settings.Split(); {
	case !widening.Empty():
		return Widens
	case !narrowing.Empty():
		return Narrows
	}
	return Neutral
}

func (c Change) regrant() Effect {
	before, after := c.Before, c.After
	if before == nil || after == nil {
		return Neutral
	}
	switch {
	case after.From < before.From, after.Until.EndsAfter(before.Until), !before.Role.Covers(after.Role):
		return Widens
	case after.From > before.From, before.Until.EndsAfter(after.Until), after.Role != before.Role:
		return Narrows
	}
	return Neutral
}

// OfGroup says what an UpdateGroup changes about its group, for people; "" for every other change, and for another description.
func (c Change) OfGroup() string {
	if c.Kind != UpdateGroup || c.Before == nil || c.After == nil {
		return ""
	}
	var all []string
	if c.After.Name != "" && c.After.Name != c.Before.Name {
		all = append(all, "renamed to "+c.After.Name)
	}
	if !c.After.Settings.Empty() {
		all = append(all, c.After.Settings.String())
	}
	return strings.Join(all, ", ")
}

// Takes says that the change takes something from somebody, even if it gives more than it takes.
func (c Change) Takes() bool {
	before, after := c.Before, c.After
	if c.Kind != UpdateAssignment || before == nil || after == nil {
		return c.Effect() == Narrows
	}
	return after.From > before.From || before.Until.EndsAfter(after.Until) || !after.Role.Covers(before.Role)
}

// Digest names the change: what it is about (by the names that do not change when other steps are done), what it reads and
// writes, and why.
func (c Change) Digest() Digest {
	buf := make([]byte, 0, 512)
	buf = append(buf, byte(c.Kind))
	o := c.Object
	buf = appendStrings(buf, o.Email, string(o.Anchor), o.GroupName)
	buf = appendNumbers(buf, uint64(o.Thing), uint64(o.Assignment))
	buf = c.Before.append(buf)
	buf = c.After.append(buf)
	buf = append(buf, byte(c.Cause.Kind))
	buf = appendStrings(buf, c.Cause.Rule, c.Cause.Text)
	buf = appendNumbers(buf, c.Cause.Mark)
	return Sum(buf)
}

func (f *Fields) append(buf []byte) []byte {
	if f == nil {
		return append(buf, 0)
	}
	buf = append(buf, 1, flag(f.Managed), flag(f.Enabled), flag(f.Notify), byte(f.Level), byte(f.Role), byte(len(f.Anchors)))
	buf = appendStrings(buf, f.Email, f.Name, f.Stamp.Installation, string(f.Stamp.Anchor), f.Description)
	for _, a := range f.Anchors {
		buf = appendStrings(buf, string(a))
	}
	buf = appendNumbers(buf, uint64(f.Place), uint64(f.From), uint64(f.Until))
	if f.Settings == (Settings{}) {
		return buf // as it always was, so that what was approved before stays approved
	}
	return appendNumbers(buf, uint64(f.Settings.Said), uint64(f.Settings.On))
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendStrings(buf []byte, all ...string) []byte {
	for _, s := range all {
		buf = binary.AppendUvarint(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	return buf
}

func appendNumbers(buf []byte, all ...uint64) []byte {
	for _, n := range all {
		buf = binary.AppendUvarint(buf, n)
	}
	return buf
}

// Call is a change on its way: Refs holds the ids that earlier steps of the plan made, 0 where the change has its own.
type Call struct {
	Change Change
	Refs   Refs
	There  Instant // what Kisi's clock said when the call was about to be sent; 0 when nobody knew
}

// Refs are ids that were not known when the plan was made.
type Refs struct{ Member, Group RemoteID }

// Member returns the id of the member that the call is about.
func (c Call) Member() RemoteID {
	if c.Change.Object.Member != 0 {
		return c.Change.Object.Member
	}
	return c.Refs.Member
}

// Group returns the id of the group that the call is about.
func (c Call) Group() RemoteID {
	if c.Change.Object.Group != 0 {
		return c.Change.Object.Group
	}
	return c.Refs.Group
}

// Result is what came of a call.
type Result struct {
	ID      RemoteID // of what was created; 0 if nothing was
	Existed bool     // it was there already as wanted, made by somebody else: Satisfied, not Created
}

// Seq numbers intents in the order in which they were begun.
type Seq uint64

// Intent is a call that was begun and whose outcome is not yet written down.
type Intent struct {
	Seq   Seq
	Call  Call
	Begun Instant
	Cut   Instant // when the outcome became unknown; 0 when the process ended before it could say
}
