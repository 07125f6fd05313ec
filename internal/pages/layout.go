package pages

import (
	"bytes"
	"encoding/binary"
)

// The layout of bbolt's files (its internal/common: page.go, meta.go, bucket.go). Numbers have the order of the machine's bytes.
const (
	headerSize   = 16 // id 8, flags 2, count 2, overflow 4
	elementSize  = 16 // branch: pos 4, key 4, page 8; leaf: flags 4, pos 4, key 4, value 4
	metaSize     = 64 // magic 4, version 4, page size 4, flags 4, root 8, sequence 8, free list 8, pages 8, transaction 8, checksum 8
	bucketSize   = 16 // root 8, sequence 8
	magic        = 0xED0CDAED
	version      = 2
	branchFlag   = 0x01
	leafFlag     = 0x02
	freeListFlag = 0x10
	bucketFlag   = 0x01
	manyFree     = 0xFFFF // the count stands in the first place instead
	firstPage    = 2      // below are the two heads
	smallestPage = 1 << 10
	largestPage  = 1 << 24
)

// freeIDs reads the list of free pages.
func freeIDs(b []byte) ([]uint64, bool) {
	count, at := uint64(u16(b, 10)), headerSize
	if count == manyFree && len(b) >= headerSize+8 {
		count, at = u64(b, headerSize), headerSize+8
	}
	if u16(b, 8) != freeListFlag || count > uint64(len(b)-at)/8 {
		return nil, false
	}
	ids := make([]uint64, count)
	for i := range ids {
		ids[i] = u64(b, at+8*i)
	}
	return ids, zero(b[at+8*len(ids):])
}

// row is an element of a page.
type row struct {
	flags      uint32
	page       uint64
	key, value []byte
}

// elements reads the rows of a page, and what is behind them. They must lie as bbolt writes them: the elements, then key and value of
// each, in their order and without a gap.
func elements(b []byte, leaf bool) (rows []row, tail []byte, ok bool) {
	count := int(u16(b, 10))
	end := headerSize + count*elementSize
	if end > len(b) {
		return nil, nil, false
	}
	rows = make([]row, count)
	for i := range rows {
		at := headerSize + i*elementSize
		r := &rows[i]
		pos, key, value := u32(b, at), u32(b, at+4), uint32(0)
		if leaf {
			r.flags, pos, key, value = u32(b, at), u32(b, at+4), u32(b, at+8), u32(b, at+12)
		} else {
			r.page = u64(b, at+8)
		}
		if int64(at)+int64(pos) != int64(end) || key == 0 || r.flags > bucketFlag || int64(key)+int64(value) > int64(len(b)-end) {
			return nil, nil, false
		}
		r.key = b[end : end+int(key)]
		end += int(key)
		r.value = b[end : end+int(value)]
		end += int(value)
	}
	return rows, b[end:], true
}

func zero(b []byte) bool {
	return len(bytes.TrimLeft(b, "\x00")) == 0
}

func u16(b []byte, at int) uint16 { return binary.NativeEndian.Uint16(b[at:]) }
func u32(b []byte, at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }
func u64(b []byte, at int) uint64 { return binary.NativeEndian.Uint64(b[at:]) }
