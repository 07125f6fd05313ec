package access

import "errors"

// Pin is a person's standing exception, said by an operator. It beats the rules: see PinKind.
type Pin struct {
	Kind   PinKind
	Anchor Anchor  // whom it is about; "" when no source names the person
	Email  string  // folded. With an Anchor, a block is about whoever has the address besides: people who are made again get new anchors
	Until  Instant // the last instant at which it holds; 0: until it is taken back
	By     string  // who said so
	Why    string
	Since  Instant
}

// PinKind says what a pin does. Who wins: a block, then a directory that disables the person, then an exemption, then the rules.
type PinKind uint8

// The kinds.
const (
	Block  PinKind = iota + 1 // no access at all, at once
	Exempt                    // nothing is taken away but by a block or by a directory that disables the person
)

var pinWords = [...]string{"", "block", "exempt"}

func (k PinKind) String() string { return pinWords[k] }

// MarshalText writes the kind as one word.
func (k PinKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

var errPin = errors.New("not a kind of pin: block or exempt expected")

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
