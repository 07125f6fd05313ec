package access

import "errors"

// Pin is a person's standing exception, said by an operator. It beats the rules: see PinKind.
type Pin struct {
	Kind   PinKind
	Anchor Anchor   // whom it is about; "" when no source names the person
	Email  string   // folded. With an Anchor, a block is about whoever has the address besides: people who are made again get new anchors
	Member RemoteID `cbor:",omitempty"` // of Release and Rename: the Kisi user; of Adopt: the one of a former address, if that is meant
	Until  Instant  // the last instant at which it holds; 0: until it is taken back
	By     string   // who said so
	Why    string
	Since  Instant
}

// PinKind says what a pin does. Who wins: a block, then a release, then a directory that disables the person, then an exemption, then the
// rules. Adopt and Rename do not say who may have what, only by which Kisi user.
type PinKind uint8

// The kinds.
const (
	Block   PinKind = iota + 1 // no access at all, at once
	Exempt                     // nothing is taken away but by a block or by a directory that disables the person
	Adopt                      // the person's Kisi user becomes ours, with its rights that the rules want
	Release                    // this Kisi user is left exactly as it is, whatever its stamp says
	Rename                     // this Kisi user makes room for a new one with the person's present address, which is Email
)

var pinWords = [...]string{"", "block", "exempt", "adopt", "release", "rename"}

func (k PinKind) String() string { return pinWords[k] }

// MarshalText writes the kind as one word.
func (k PinKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

var errPin = errors.New("not a kind of pin: block, exempt, adopt, release or rename expected")

// UnmarshalText reads what MarshalText wrote.
func (k *PinKind) UnmarshalText(text []byte) error {
	for i, word := range pinWords {
		if word == string(text) && i > 0 {
			*k = PinKind(i)
			return nil
		}
	}
	return errPin
}

// Ended says that the pin's time was over before at.
func (p *Pin) Ended(at Instant) bool { return p.Until != 0 && p.Until < at }
