package pages

import (
	"math/rand/v2"
	"os"
	"slices"
)

// broken returns a copy of a file that is broken somewhere, in one of the ways in which files break.
func broken(whole []byte, r *rand.Rand) []byte {
	page := os.Getpagesize()
	b, pages := slices.Clone(whole), len(whole)/page
	at := r.IntN(pages) * page
	switch r.IntN(7) {
	case 0: // a bit somewhere
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	case 1: // a header
		b[at+r.IntN(headerSize)] = byte(r.IntN(256))
	case 2: // an element of a page
		b[at+headerSize+r.IntN(elementSize*4)] = byte(r.IntN(256))
	case 3: // a page of nothing, or of anything
		for i := range page {
			b[at+i] = byte(r.IntN(256) * r.IntN(2))
		}
	case 4: // a page in the place of another
		copy(b[at:at+page], whole[r.IntN(pages)*page:])
	case 5: // an older page: what was on the disk before
		copy(b[at:at+page], make([]byte, page))
	case 6: // the end is missing
		b = b[:r.IntN(len(b))]
	}
	return b
}
