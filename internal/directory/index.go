package directory

import "hash/maphash"

// index finds the number of something again by what it is. It holds numbers alone, eight bytes each with half of a hash, and whoever has it
// says whether a number is the one. Names that lie in a column anyway are so not kept a second time, as they were by a map: of a million
// people with five million memberships that was 190 MB.
//
// The zero index is empty and ready.
type index struct {
	seed  maphash.Seed
	slots []uint64 // half a hash, then the number plus one; 0: free. There are 2^n, a quarter of them free
	held  int
}

// hash returns what find and put want to know of a text.
func (x *index) hash(s string) uint64 {
	if x.slots == nil {
		x.seed, x.slots = maphash.MakeSeed(), make([]uint64, 16)
	}
	return maphash.String(x.seed, s) >> 32
}

// find returns the number of which is says that it is the one; it is asked about very few.
func (x *index) find(hash uint64, is func(n uint32) bool) (n uint32, ok bool) {
	last := uint64(len(x.slots) - 1)
	for i := hash & last; x.slots[i] != 0; i = (i + 1) & last {
		if n := uint32(x.slots[i]) - 1; x.slots[i]>>32 == hash && is(n) {
			return n, true
		}
	}
	return 0, false
}

// put adds a number that find did not find.
func (x *index) put(hash uint64, n uint32) {
	if x.held++; x.held > len(x.slots)/4*3 {
		x.grow()
	}
	x.place(hash<<32 | uint64(n+1))
}

func (x *index) place(slot uint64) {
	last := uint64(len(x.slots) - 1)
	i := slot >> 32 & last
	for x.slots[i] != 0 {
		i = (i + 1) & last
	}
	x.slots[i] = slot
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]uint64, 2*len(old))
	for _, slot := range old {
		if slot != 0 {
			x.place(slot)
		}
	}
}
