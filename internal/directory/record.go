package directory

import "time"

// Key names a person or a group for ever: Source is the source's id in the configuration file, ID what that directory never
// changes about an object (objectGUID, entryUUID, ...). An ID is unique among people and groups together.
type Key struct{ Source, ID string }

// String returns "source:id", the form in which keys are stored in Kisi and shown in logs.
func (k Key) String() string { return k.Source + ":" + k.ID }

// RefKind says by what a Ref names somebody.
type RefKind uint8

// The kinds of Ref. Every record can be found by its ID and by its e-mail address without being told; the other handles are
// listed in Record.Handles.
const (
	ByID   RefKind = iota + 1 // Record.ID of this source
	ByDN                      // a distinguished name in canonical form (the connector makes it so)
	ByUID                     // a login name, as memberUid of posixGroup has it
	ByMail                    // an e-mail address, folded; also looked up in other sources
	BySID                     // a security identifier of Windows ("S-1-5-21-…"); also looked up in other sources, among their people
)

var refKindNames = [...]string{"?", "id", "dn", "uid", "mail", "sid"}

func (k RefKind) String() string {
	if int(k) < len(refKindNames) {
		return refKindNames[k]
	}
	return "?"
}

// Ref is how a group names a member, and how a member is found. Refs are equal when kind and value are equal byte for byte,
// so a connector must bring values into one form first (DNs above all).
type Ref struct {
	Kind  RefKind
	Value string
}

// Tri is yes, no, or not said.
type Tri uint8

// The values of Tri.
const (
	Unknown Tri = iota
	Yes
	No
)

func (t Tri) String() string { return [...]string{"unknown", "yes", "no"}[t] }

// Attr is one attribute with its values in the order of the directory. No values means that the object has none.
type Attr struct {
	Name   string
	Values []string
}

// Kind says what a Record states.
type Kind uint8

// The kinds of Record.
const (
	// PersonIs states everything that was asked about a person. It replaces what was known.
	PersonIs Kind = iota + 1
	// GroupIs does the same for a group, but for its members.
	GroupIs
	// MembersFrom says that the whole member list of group ID follows as MemberIs; who is not named is no member any more.
	MembersFrom
	// MemberIs adds Member to group ID.
	MemberIs
	// MemberGone takes Member from group ID.
	MemberGone
	// Gone says that the directory no longer has ID, or that it left the base or the filter.
	Gone
	// Unsure says that ID exists but was not read whole: what was known of it stays. Under Complete coverage it also keeps
	// an object from vanishing, so it is how a present phase (RFC 4533 section 3.3.2) is told.
	Unsure
	// MembershipsStay says that it is not known which groups person ID is in: whatever lists follow, ID stays in those where it was, as a
	// direct member. It says nothing about the person; that is Unsure's business.
	MembershipsStay
	// NoneMissing says that something was there of which not even the ID could be read. It could be anybody, so nobody counts as missing
	// under Complete coverage, and who was not named stays in the groups where they were. ID is not looked at.
	NoneMissing
	// Erased is Gone, and more: the directory deleted ID, and with it every membership in groups that name it by ID, without a word of those.
	Erased
)

// Record is one fact about a directory. Which fields count depends on Kind: ID always, but for NoneMissing; Member for MemberIs and MemberGone; the
// rest for PersonIs and GroupIs. A Builder copies what it needs, so a connector may use one Record for a whole read.
type Record struct {
	Kind    Kind
	ID      string // what the directory never changes; required
	Member  Ref
	Handles []Ref     // other ways to find this object: DN, login name, alias addresses
	Email   string    // as the directory spells it; "" when it has none
	Name    string    // for people to read
	Active  Tri       // No: the directory says that this person is disabled; Unknown counts as active
	Attrs   []Attr    // only those asked for, sorted by name, each at most once
	Changed time.Time // by the source's clock; zero if it does not say
}

// Coverage is what the absence of a record means.
type Coverage uint8

// The coverages. Delta: who is not mentioned is unchanged. Complete: who is not mentioned is not there any more.
const (
	Delta Coverage = iota + 1
	Complete
)

func (c Coverage) String() string { return [...]string{"?", "delta", "complete"}[c] }

// Cursor is where a source left off. Token is opaque; Shape is a digest of what it is good for (server, base, filters,
// attributes): under another Shape a connector ignores Token and reads everything.
type Cursor struct {
	Shape [32]byte
	Token []byte
}

// IsZero says that there is no position to go on from. The token may still tell of the past.
func (c Cursor) IsZero() bool { return c.Shape == [32]byte{} }

// Past is what remains of a position from which nobody goes on: whoever gets it reads everything, and may see by it that what he reads is older
// than what was read before.
func (c Cursor) Past() Cursor { return Cursor{Token: c.Token} }

// Proof is the evidence that a read was whole, for people to read; the coverage is what counts.
type Proof struct {
	Pages, Entries, Referrals, Ignored int // Ignored: entries that are neither people nor groups
	Note                               string
}

// Receipt is how a read ended.
type Receipt struct {
	Coverage Coverage
	Next     Cursor // taken before the first entry was read; zero when the source offers no increments
	Proof    Proof
	At       time.Time // when the read began, by this host's clock
	// AsOf is of when the content is, where the source says so (a file that is exported every night), and not after At; zero: of At.
	AsOf time.Time
	// Gathering: the source is pushed to, and nobody can tell when it has been told everything. Until a person accepts what there is, nothing
	// is concluded from what is missing; that somebody is disabled or deleted counts from the first day.
	Gathering bool
	// Behind says why what was read is older than what was read before, "" when it is not known to be. Of such a read only counts who is disabled
	// or Erased, and Next does not, until a person accepts it. Held is the token in place of the known one when somebody counts: later reads must know
	// of those leavers, too; nil to keep the known one.
	Behind string
	Held   []byte
	// Remarks are what people should know of a read that was believed, such as rows that could not be used; few, in sentences of lower case.
	Remarks []string
}

// Absence says why an object is no longer there.
type Absence uint8

// The absences: Deleted, the directory said so; Vanished, a complete read did not bring it.
const (
	Deleted Absence = iota + 1
	Vanished
)

func (a Absence) String() string { return [...]string{"?", "deleted", "vanished"}[a] }

// Tombstone remembers an object that was there once.
type Tombstone struct {
	ID    string
	Why   Absence
	Since time.Time // when it was first missed
}
