package access

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// RemoteID is the id of an object in Kisi. 0 means that the object is not there yet.
type RemoteID int64

// Anchor names a person for ever: "corp:9f1c…". It is made by package mapping from a directory's key and is opaque here.
type Anchor string

// Instant is a moment in whole seconds since 1970 UTC. 0 means open: no beginning, no end, never.
type Instant uint32

// At returns the Instant of a time, cut to whole seconds; 0 for the zero time and for times before 1970.
func At(t time.Time) Instant {
	if t.IsZero() || t.Unix() < 0 {
		return 0
	}
	return Instant(min(t.Unix(), int64(^Instant(0))))
}

// Time returns the moment in UTC; the zero time for 0.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(int64(i), 0).UTC()
}

// EndsAfter says that a validity which ends at i ends after one which ends at j; one without an end ends after all others.
func (i Instant) EndsAfter(j Instant) bool { return i-1 > j-1 } // 0-1 is the latest instant of all

// Digest names a step by what it does. It is what an approval approves.
type Digest [16]byte

// String returns 32 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short returns the first 8 digits, for people.
func (d Digest) Short() string { return d.String()[:8] }

// MarshalText writes the digest as String does.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(d) {
		return errDigest
	}
	copy(d[:], raw)
	return nil
}

// Role is what somebody may do in a group. It is one byte because a large organization holds millions of them.
type Role uint8

// The roles of a group (kisi-api §4.2). Only the first two are ever given; AnotherRole stands for every role that the customer
// defined, of which all that must be known is that it is neither.
const (
	NoRole Role = iota
	DoorAccess
	GroupManager
	AnotherRole
	ScopedRole // on a place or the organization: which one the id of the right says (RoleOn)
)

var roleIDs = [...]string{DoorAccess: "group_basic", GroupManager: "group_manager", AnotherRole: "", ScopedRole: ""}

// RoleOf returns the role with an id of Kisi's.
func RoleOf(id string) Role {
	switch id {
	case roleIDs[DoorAccess]:
		return DoorAccess
	case roleIDs[GroupManager]:
		return GroupManager
	}
	return AnotherRole
}

// ID returns Kisi's id of the role, "" for AnotherRole and NoRole.
func (r Role) ID() string { return roleIDs[r] }

// Covers says that holding r is enough for who should hold want: a group manager may open the doors too.
func (r Role) Covers(want Role) bool {
	return r == want || r == GroupManager && want == DoorAccess
}

// Words returns the role as the configuration file says it.
func (r Role) Words() string {
	switch r {
	case DoorAccess:
		return "door_access"
	case GroupManager:
		return "group_manager"
	case ScopedRole:
		return "role"
	}
	return "another role"
}

// Level says how far something in Kisi is ours.
type Level uint8

// The levels. Only Created and Adopted may be updated or taken away by kisi-sync.
const (
	Foreign   Level = iota // not in the ledger
	Satisfied              // wanted, but somebody else made it; never ours to remove
	Linked                 // a person made by hand whom we know; only the rights that we gave are ours
	Adopted                // made by somebody else, handed over to us
	Created                // made by us
)

// Ours says that the object may be updated and removed.
func (l Level) Ours() bool { return l == Adopted || l == Created }

func (l Level) String() string {
	return [...]string{"foreign", "satisfied", "linked", "adopted", "created"}[l]
}

// Sum returns the digest of some bytes.
func Sum(b []byte) Digest {
	sum := sha256.Sum256(b)
	return Digest(sum[:16])
}
