package record

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// AuditLine is one thing that was done, tried, decided or seen. It is kept for ever under the names of its fields: fields may be
// added, and none may be renamed. Those after Outcome are empty in lines of kisi-sync before schema 2.
type AuditLine struct {
	At      time.Time
	Run     uint64
	Step    access.Digest
	What    string // "give access: ana@example.com in HQ Staff"
	Why     string
	Member  access.RemoteID
	Group   access.RemoteID
	Outcome string // "done", or the error; what a person decided, and who

	Kind       string            `cbor:",omitempty"` // a word for scripts: of access.Kind, or one of the Did words
	Who        string            `cbor:",omitempty"` // who asked for the run, or did it
	Email      string            `cbor:",omitempty"` // the person's address, folded
	Anchor     access.Anchor     `cbor:",omitempty"` // the record of a source that it follows from
	GroupName  string            `cbor:",omitempty"`
	Thing      access.RemoteID   `cbor:",omitempty"` // door or elevator stop
	Assignment access.RemoteID   `cbor:",omitempty"` // the right that was there before
	Made       access.RemoteID   `cbor:",omitempty"` // what the call made
	Existed    bool              `cbor:",omitempty"` // it was there already, made by somebody else
	Role       access.Role       `cbor:",omitempty"`
	From       access.Instant    `cbor:",omitempty"`
	Until      access.Instant    `cbor:",omitempty"`
	Cause      string            `cbor:",omitempty"` // the word of an access.CauseKind
	Rule       string            `cbor:",omitempty"`
	Approval   *Approval         `cbor:",omitempty"` // nil: needed none
	Held       string            `cbor:",omitempty"` // of a decision: why the step was held
	Enabled    bool              `cbor:",omitempty"` // of DidSee: the person is not suspended
	Groups     []access.RemoteID `cbor:",omitempty"` // of DidSee: in which something is new
	Rights     []Right           `cbor:",omitempty"` // of DidSee: all rights that the person holds
	Opens      []Door            `cbor:",omitempty"` // of DidSeeDoors: all that the group opens; of a change of a door: that one
	Cut        *Cut              `cbor:",omitempty"` // of DidCut
}

// What is done beside calls.
const (
	DidApprove  = "approve"
	DidReject   = "reject"
	DidTakeBack = "take back"
	DidAccept   = "accept"     // a read of a source, or of Kisi, that has far less than lately; the group that a rule means now; or what somebody did in Kisi
	DidSee      = "seen"       // Kisi showed a person otherwise than kisi-sync had left or last seen them
	DidSeeDoors = "seen doors" // the same of a group
	DidPin      = "pin"
	DidUnpin    = "unpin"
	DidBind     = "bind"
	DidRestore  = "restore state"
	DidCut      = "cut trail"
	DidPause    = "pause"
	DidResume   = "resume"
	DidOpen     = "open state" // with something to say about it
	DidList     = "list"       // somebody changed, by a verb, a list that is kept by hand
	DidToken    = "token"      // somebody made or revoked a token by which a provider pushes
)

// Done is the outcome of what succeeded.
const Done = "done"

// Approval says who let a held step pass.
type Approval struct {
	By, Why string
	At      access.Instant
}

// Right is a right in a group as a line keeps it: as a list of numbers, since there are many.
type Right struct {
	_           struct{} `cbor:",toarray"`
	Group       access.RemoteID
	Assignment  access.RemoteID
	Role        access.Role
	From, Until access.Instant
}

// Door is a door or an elevator stop.
type Door struct {
	ID   access.RemoteID
	Stop bool   // it is an elevator stop; doors and stops are numbered apart
	Name string // "" when it was not known
}

func (d Door) String() string {
	if d.Name != "" {
		return d.Name
	}
	if d.Stop {
		return fmt.Sprintf("elevator stop %d", d.ID)
	}
	return fmt.Sprintf("door %d", d.ID)
}

// Cut says what was taken off the beginning of the trail.
type Cut struct {
	Last    Head   // the last line that was taken off
	Carried []byte // digest over what was kept of those lines: who held what after them
	Newest  time.Time
}

// Entry is a line with its place in the trail.
type Entry struct {
	Number uint64
	AuditLine
	Doors []Door // what the line's groups opened then, as far as the trail says
	// Concerned are the groups of a line that is about a person and no group, and opens or closes all that the person holds: a
	// suspension, a block, what somebody decided about them.
	Concerned []access.RemoteID
}

// Sealed is a line as it stands in the chain: with its own digest, which is over Before, too.
type Sealed struct {
	Number uint64
	AuditLine
	Before, Digest []byte // Before is the digest of the line before, empty for the first
}

// Head returns the head that the trail had after the line.
func (s *Sealed) Head() Head { return Head{s.Number, s.Digest} }

// Word returns the line's kind; that of an old line is what its text begins with.
func (l *AuditLine) Word() string {
	word, _, _ := strings.Cut(l.What, ":")
	return cmp.Or(l.Kind, word)
}

// Head is the end of the trail: the number of a line and the digest over it and all before it. Kept on another machine, it shows
// whether the trail up to there is still the same. The zero Head is that of an empty trail.
type Head struct {
	Number uint64
	Digest []byte
}

// String writes the head so that it fits into a line of a log: "1204:9f86d0…", the digest with 64 digits.
func (h Head) String() string { return fmt.Sprintf("%d:%x", h.Number, h.Digest) }

var errHead = errors.New("not the head of an audit trail: a line's number, a colon and 64 hexadecimal digits expected")

// ParseHead reads what String wrote.
func ParseHead(text string) (Head, error) {
	number, digits, found := strings.Cut(strings.TrimSpace(text), ":")
	n, err := strconv.ParseUint(number, 10, 64)
	digest, hexErr := hex.DecodeString(digits)
	const size = 32 // of SHA-256
	if !found || err != nil || hexErr != nil || n == 0 && len(digest) != 0 || n != 0 && len(digest) != size {
		return Head{}, errHead
	}
	if n == 0 {
		digest = nil
	}
	return Head{n, digest}, nil
}
