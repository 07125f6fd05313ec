package scim

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// What is pushed is kept in rows (connectors.Shelf):
//
//	u/ID, g/ID       a user, a group: the number and the time of its last change, the time it was made, and its JSON
//	nu/NAME          the id of the user with this userName, folded
//	xu/EXTERNAL\0ID  a user with this externalId; xg the same of groups
//	ng/NAME\0ID      a group with this displayName, folded
//	c/NUMBER         what was changed last by the change of this number: its letter and id, and "-" when it is gone
//	t/ID             a token
//	state            how many there are, the number and the time of the last change
//
// A row of c/ is there once for each resource, so the rows from a number on are what has changed since.
const (
	changePrefix = "c/"
	tokenPrefix  = "t/"
	stateKey     = "state"
)

// row is a resource as it is kept.
type row struct {
	id       string
	number   uint64 // of its last change
	created  time.Time
	modified time.Time
	resource scim.Resource // without id and meta
}

const rowHead = 24

func (k *kind) key(id string) string { return string(k.letter) + "/" + id }
func (k *kind) prefix() string       { return string(k.letter) + "/" }

func (r *row) encode() []byte {
	b := make([]byte, 0, 1024)
	b = binary.BigEndian.AppendUint64(b, r.number)
	b = binary.BigEndian.AppendUint64(b, uint64(r.created.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(r.modified.UnixNano()))
	return r.resource.AppendJSON(b)
}

// numberOf returns the number of a row without reading the rest.
func numberOf(data []byte) uint64 {
	if len(data) < rowHead {
		return 0
	}
	return binary.BigEndian.Uint64(data)
}

func decodeRow(id string, data []byte) (*row, error) {
	if len(data) < rowHead {
		return nil, fmt.Errorf("what was kept of %s is cut", id)
	}
	resource, err := scim.Decode(data[rowHead:], scim.Limits{Bytes: len(data)})
	if err != nil {
		return nil, fmt.Errorf("what was kept of %s cannot be read: %w", id, err)
	}
	at := func(from int) time.Time { return time.Unix(0, int64(binary.BigEndian.Uint64(data[from:]))).UTC() }
	return &row{id: id, number: numberOf(data), created: at(8), modified: at(16), resource: resource}, nil
}

// state is what is known of all rows together.
type state struct {
	Epoch  string    `json:"epoch"` // of these rows; another one is another beginning
	Number uint64    `json:"number"`
	Users  int       `json:"users"`
	Groups int       `json:"groups"`
	Pushed time.Time `json:"pushed,omitzero"` // the last change
}

func readState(shelf connectors.Shelf) (s state, err error) {
	data, err := shelf.Get(stateKey)
	if err == nil && data != nil {
		err = json.Unmarshal(data, &s)
	}
	return s, err
}

func (s *state) count(k *kind) *int {
	if k.letter == letterOfUsers {
		return &s.Users
	}
	return &s.Groups
}

func changeKey(number uint64) string {
	return changePrefix + string(binary.BigEndian.AppendUint64(nil, number))
}

// change is a row of c/.
type change struct {
	letter byte
	id     string
	gone   bool
}

func (c change) encode() []byte {
	b := append([]byte{c.letter}, c.id...)
	if c.gone {
		b = append(b, '-')
	}
	return b
}

func decodeChange(data []byte) (change, error) {
	if len(data) < 2 {
		return change{}, errors.New("a change was kept that says nothing")
	}
	id, gone := strings.CutSuffix(string(data[1:]), "-")
	return change{data[0], id, gone}, nil
}

// indexes returns the keys by which a resource is found, but for its id.
func (k *kind) indexes(r *row) []string {
	var all []string
	if name := r.resource.Text(k.naming()); name != "" && k.letter == letterOfGroups {
		all = append(all, k.nameKey(name)+r.id)
	}
	if external := r.resource.Text("externalId"); external != "" {
		all = append(all, k.externalKey(external)+r.id)
	}
	return all
}

// naming is the attribute that every resource of the kind must have.
func (k *kind) naming() string {
	if k.letter == letterOfUsers {
		return "userName"
	}
	return "displayName"
}

func (k *kind) nameKey(name string) string {
	if k.letter == letterOfUsers {
		return "nu/" + fold(name)
	}
	return "ng/" + fold(name) + "\x00"
}

func (k *kind) externalKey(external string) string {
	return "x" + string(k.letter) + "/" + external + "\x00"
}

// fold makes texts equal that differ in case only, as strings.EqualFold has it.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}

// newID returns a UUID of version 7 (RFC 9562 section 5.7), with the number of the change behind the time: such ids ascend, so that
// resources are listed, and kept, in the order in which they came.
func newID(now time.Time, number uint64) string {
	var b [16]byte
	_, _ = rand.Read(b[8:]) // which never fails
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<16|number&0x0fff)
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
