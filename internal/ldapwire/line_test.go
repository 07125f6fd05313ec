package ldapwire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// canned is a connection that says what it was given, a few bytes at a time.
type canned struct {
	net.Conn
	rest []byte
	step int
}

func (c *canned) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:min(c.step, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}

func (c *canned) SetReadDeadline(time.Time) error { return nil }

func readAll(said []byte, step int) ([]byte, error) {
	return io.ReadAll(New(&canned{rest: bytes.Clone(said), step: step}, Patience{time.Second, time.Now}))
}

func TestWholeMessagesPassAsTheyAre(t *testing.T) {
	long := ber.NewSequence("")
	long.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 7, ""))
	long.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(make([]byte, 70_000)), ""))
	said := append(long.Bytes(), 0x30, 0x03, 0x02, 0x01, 0x05)
	for _, step := range []int{1, 3, 1 << 20} {
		got, err := readAll(said, step)
		if !errors.Is(err, ErrCut) || !bytes.Equal(got, said) {
			t.Errorf("%d bytes at a time: %d of %d bytes, %v", step, len(got), len(said), err)
		}
	}
}

func TestAMessageThatIsNotWellFormedNeverReachesTheDecoder(t *testing.T) {
	for name, said := range map[string][]byte{
		"not a sequence":            {0x04, 0x01, 'x'},
		"HTTP":                      []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"indefinite length":         {0x30, 0x80, 0x02, 0x01, 0x01, 0x00, 0x00},
		"larger than any answer":    {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff},
		"a length of eight bytes":   {0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 3, 0x02, 0x01, 0x01},
		"an inner length too great": {0x30, 0x04, 0x04, 0x7f, 'a', 'b'},
		"an inner tag of two bytes": {0x30, 0x04, 0x1f, 0x81, 0x01, 0x00},
		"nested without end":        nest(40),
	} {
		if got, err := readAll(said, 1<<20); !errors.Is(err, ErrNotLDAP) || len(got) > 0 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if got, err := readAll([]byte{0x30, 0x05, 0x02, 0x01}, 1); !errors.Is(err, ErrCut) || len(got) > 0 {
		t.Errorf("cut in the middle: %d bytes, %v", len(got), err)
	}
}

func nest(depth int) []byte {
	p := []byte{}
	for range depth {
		p = append([]byte{0x30, byte(len(p))}, p...)
	}
	return p
}

// FuzzFrames looks for a panic, for bytes that were changed on their way, and for messages that go-ldap's decoder refuses although
// they passed.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x05}, 1)
	f.Add([]byte{0x30, 0x81, 0x03, 0x02, 0x01, 0x05, 0x30, 0x00}, 2)
	f.Add(nest(10), 3)
	f.Fuzz(func(t *testing.T, said []byte, step int) {
		got, err := readAll(said, max(step, 1))
		if err == nil || !bytes.HasPrefix(said, got) {
			t.Fatalf("%x became %x, %v", said, got, err)
		}
		for r := bytes.NewReader(got); r.Len() > 0; {
			before := r.Len()
			if _, err := ber.ReadPacket(r); err != nil && errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("a message that passed is cut for the decoder: %x", got)
			} else if err != nil || r.Len() == before {
				return // well-formed, and yet no value of its type
			}
		}
	})
}
