package store

import (
	"encoding/binary"
	"hash/crc32"
	"unsafe"
)

// A row is a checksum of four bytes over key and payload, then the payload. bbolt has checksums for its two first pages only.

// crcTable makes the table of CRC-32C, which processors compute by themselves; the standard library makes it once.
func crcTable() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

const sumSize = 4

// seal fills in the checksum of a row whose first four bytes were left for it.
func seal(key, row []byte) []byte {
	binary.LittleEndian.PutUint32(row, crc32.Update(crc32.Checksum(key, crcTable()), crcTable(), row[sumSize:]))
	return row
}

// unseal returns the payload; ok is false when row is not what was sealed under key.
func unseal(key, row []byte) (payload []byte, ok bool) {
	if len(row) < sumSize {
		return nil, false
	}
	sum := crc32.Update(crc32.Checksum(key, crcTable()), crcTable(), row[sumSize:])
	return row[sumSize:], sum == sumOf(row)
}

// sumOf returns the checksum that a row carries.
func sumOf(row []byte) uint32 {
	if len(row) < sumSize {
		return 0
	}
	return binary.LittleEndian.Uint32(row)
}

// encoder appends numbers and texts to a row.
type encoder struct{ row []byte }

// begin starts a new row in the same memory.
func (e *encoder) begin()          { e.row = append(e.row[:0], 0, 0, 0, 0) }
func (e *encoder) byte(b byte)     { e.row = append(e.row, b) }
func (e *encoder) number(n uint64) { e.row = binary.AppendUvarint(e.row, n) }
func (e *encoder) signed(n int64)  { e.row = binary.AppendVarint(e.row, n) }
func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	e.row = append(e.row, s...)
}

// decoder reads what an encoder wrote. Once something makes no sense, bad is set and all that is read is zero; whoever reads looks
// at bad at the end. Garbage makes it neither panic nor ask for much memory.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) fail() { d.bad, d.rest = true, nil }

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) signed() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// count reads how many things follow; each takes at least one byte, so more than there are bytes is garbage.
func (d *decoder) count() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

// text returns a text that lies in the row: whoever keeps it copies it.
func (d *decoder) text() string {
	n := d.count()
	s := textOf(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

// done says that the row was read to its end and made sense.
func (d *decoder) done() bool { return !d.bad && len(d.rest) == 0 }

func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns the bytes of a text, for those who only look at them.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// arena copies texts into large blocks.
type arena struct{ block []byte }

func (a *arena) copy(s string) string {
	const size = 64 << 10
	if s == "" {
		return ""
	}
	if len(s) > cap(a.block)-len(a.block) {
		a.block = make([]byte, 0, max(size, len(s)))
	}
	from := len(a.block)
	a.block = append(a.block, s...)
	return textOf(a.block[from:])
}

// hold copies bytes that must outlive a transaction, or live as long as one.
func (a *arena) hold(b []byte) []byte {
	return bytesOf(a.copy(textOf(b)))
}
