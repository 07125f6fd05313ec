package store

import (
	"hash/crc32"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// A group's members are kept in chunks of a few hundred. Where a chunk ends is decided by the members themselves: one in
// chunkSize, by its checksum, begins a new one. So a member who comes or goes changes one chunk, or splits or joins two, and the
// others stay as they are, whatever the size of the group.
//
// Within a chunk a member is written as the difference to the one before: how much of the beginning and of the end is the same,
// and what is between. Distinguished names of one branch share most of both.
const (
	chunkSize = 256
	chunkMost = 8 * chunkSize // a chunk ends here even when no member asks for it
)

// beginsChunk says that a chunk begins at a member.
func beginsChunk(m directory.Ref) bool {
	sum := crc32.Update(uint32(m.Kind), crcTable(), bytesOf(m.Value))
	return sum>>8%chunkSize == 0
}

// chunker cuts the members of one group into rows.
type chunker struct {
	key   encoder // without a checksum
	row   encoder
	last  directory.Ref
	count int
	put   func(key, row []byte) error
}

// add takes the next member, ascending.
func (c *chunker) add(group string, m directory.Ref) error {
	if c.count == chunkMost || c.count > 0 && beginsChunk(m) {
		if err := c.flush(); err != nil {
			return err
		}
	}
	if c.count == 0 {
		c.key.row = chunkKey(c.key.row[:0], group, m)
		c.row.begin()
		c.last = directory.Ref{}
	}
	c.row.member(c.last, m)
	c.last = m
	c.count++
	return nil
}

// flush ends the chunk.
func (c *chunker) flush() error {
	if c.count == 0 {
		return nil
	}
	c.count = 0
	return c.put(c.key.row, seal(c.key.row, c.row.row))
}

// member writes m as the difference to last.
func (e *encoder) member(last, m directory.Ref) {
	most := min(len(last.Value), len(m.Value))
	front := 0
	for front < most && last.Value[front] == m.Value[front] {
		front++
	}
	back := 0
	for back < most-front && last.Value[len(last.Value)-1-back] == m.Value[len(m.Value)-1-back] {
		back++
	}
	e.byte(byte(m.Kind))
	e.number(uint64(front))
	e.number(uint64(back))
	e.text(m.Value[front : len(m.Value)-back])
}

// memberReader reads chunks, using the same memory for all of them.
type memberReader struct{ last, value []byte }

// read calls yield with the members of a chunk; false when it makes no sense. A member is good until yield returns.
func (r *memberReader) read(payload []byte, yield func(directory.Ref)) bool {
	d := decoder{rest: payload}
	r.last = r.last[:0]
	for len(d.rest) > 0 {
		kind := directory.RefKind(d.byte())
		front, back, middle := d.number(), d.number(), d.text()
		size := uint64(len(r.last))
		if front > size || back > size-front {
			d.fail()
		}
		if d.bad {
			return false
		}
		r.value = append(append(append(r.value[:0], r.last[:front]...), middle...), r.last[size-back:]...)
		r.last, r.value = r.value, r.last
		yield(directory.Ref{Kind: kind, Value: textOf(r.last)})
	}
	return !d.bad
}

// The key of a chunk is the group's ID and the first member. The ID ends with 0 1, and a 0 within it is written as 0 255, so that
// chunks sort like their groups whatever is in an ID.
func chunkKey(key []byte, group string, first directory.Ref) []byte {
	for i := range len(group) {
		key = append(key, group[i])
		if group[i] == 0 {
			key = append(key, 255)
		}
	}
	key = append(key, 0, 1, byte(first.Kind))
	return append(key, first.Value...)
}

// groupOf returns the group's part of a chunk's key, in the form in which the key has it; nil when there is none.
func groupOf(key []byte) []byte {
	for i := 0; i+1 < len(key); i++ {
		if key[i] == 0 && key[i+1] == 1 {
			return key[:i+2]
		}
		if key[i] == 0 {
			i++
		}
	}
	return nil
}
