// Package pages looks at a bbolt file as it lies on the disk, page by page, and says what is wrong with it.
//
// bbolt believes its pages: one that names a page above it is walked without end, and a number that was changed may ask for all the
// memory there is. Look reads each page once, believes none, and ends on every input; what it finds sound may be given to bbolt. It
// knows how bbolt writes a page, to the byte, so that it also notices rows that a changed number would hide.
//
// It must not write, and it does not know what the rows mean.
package pages

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
)

// Report is what is wrong with a file.
type Report struct {
	Problems []string // in the order in which they were found; no more than a few
	// Walkable says that bbolt may be let at it in spite of the problems: it reads nonsense, fails or panics, but it ends.
	Walkable bool
	// Older says that one of the two first pages cannot be read, so that the file may be as it was before its last change.
	Older bool
}

func (r *Report) say(format string, args ...any) {
	const most = 8
	if len(r.Problems) < most {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// endless notes what bbolt must not be let at.
func (r *Report) endless(format string, args ...any) {
	r.Walkable = false
	r.say(format, args...)
}

// head is one of the two first pages: where everything is.
type head struct{ pageSize, root, freeList, pages, transaction uint64 }

// Look reads a file of a size. The error is that of reading; a file that makes no sense has problems, and none.
func Look(file io.ReaderAt, size int64) (*Report, error) {
	l := &look{file: file, size: size, report: &Report{Walkable: true}}
	if err := l.begin(); err != nil || !l.report.Walkable {
		return l.report, err
	}
	if err := l.bucket(l.head.root); err != nil {
		return l.report, err
	}
	if err := l.freeList(); err != nil {
		return l.report, err
	}
	l.lost()
	return l.report, nil
}

// look is one walk through a file.
type look struct {
	file   io.ReaderAt
	size   int64
	head   head
	seen   []bool // pages that something leads to
	free   []bool // pages that the list of free pages names
	report *Report
}

// begin finds the newer one of the two heads.
func (l *look) begin() error {
	var found []head
	for size := uint64(smallestPage); size <= largestPage && len(found) < 2; size *= 2 {
		for n := range uint64(firstPage) {
			h, ok, err := l.readHead(n, size)
			if err != nil {
				return err
			}
			if ok && (len(found) == 0 || found[0] != h) {
				found = append(found, h)
			}
		}
	}
	switch {
	case len(found) == 0:
		l.report.endless("none of its two first pages is that of a state file")
		return nil
	case len(found) == 1:
		l.report.Older = true
	case found[1].transaction > found[0].transaction:
		found[0] = found[1]
	}
	l.head = found[0]
	if have := uint64(l.size) / l.head.pageSize; have < l.head.pages {
		l.report.endless("it ends after %d bytes, and has %d pages of %d bytes", l.size, l.head.pages, l.head.pageSize)
		return nil
	}
	l.seen, l.free = make([]bool, l.head.pages), make([]bool, l.head.pages)
	return nil
}

// readHead reads the head on a page, if pages are of this size and it is one.
func (l *look) readHead(n, pageSize uint64) (h head, ok bool, err error) {
	b := make([]byte, headerSize+metaSize)
	if int64(n*pageSize)+int64(len(b)) > l.size {
		return h, false, nil
	}
	if err := l.read(b, int64(n*pageSize)); err != nil {
		return h, false, err
	}
	m := b[headerSize:]
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	h = head{pageSize: uint64(u32(m, 8)), root: u64(m, 16), freeList: u64(m, 32), pages: u64(m, 40), transaction: u64(m, 48)}
	ok = u32(m, 0) == magic && u32(m, 4) == version && u64(m, 56) == sum.Sum64() && h.pageSize == pageSize // by what bbolt decides, too
	return h, ok, nil
}

func (l *look) read(b []byte, at int64) error {
	n, err := l.file.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return fmt.Errorf("read at byte %d: %w", at, err)
}

// take reads a page with those that belong to it, and marks them. It returns nil when the page makes no sense, or was taken before.
func (l *look) take(id uint64) ([]byte, error) {
	if id < firstPage || id >= l.head.pages {
		l.report.endless("something leads to page %d, which there is not", id)
		return nil, nil
	}
	at := int64(id * l.head.pageSize)
	b := make([]byte, l.head.pageSize)
	if err := l.read(b, at); err != nil {
		return nil, err
	}
	more := uint64(u32(b, 12))
	if u64(b, 0) != id || more >= l.head.pages-id {
		l.report.endless("page %d is none", id)
		return nil, nil
	}
	for n := id; n <= id+more; n++ {
		if l.seen[n] {
			l.report.endless("page %d is in use twice", n)
			return nil, nil
		}
		l.seen[n] = true
	}
	if more == 0 {
		return b, nil
	}
	b = make([]byte, (more+1)*l.head.pageSize)
	return b, l.read(b, at)
}

// bucket walks through the tree of a bucket.
func (l *look) bucket(root uint64) error {
	return l.tree(branch{page: root, root: true})
}

// branch is where a tree goes on: its keys are at least low, and below high; nil is no bound.
type branch struct {
	page      uint64
	low, high []byte
	root      bool
}

func (l *look) tree(from branch) error {
	b, err := l.take(from.page)
	if err != nil || b == nil {
		return err
	}
	switch u16(b, 8) {
	case branchFlag:
		return l.branches(from, b)
	case leafFlag:
		return l.leaf(from, b)
	}
	l.report.endless("page %d is neither a branch nor a leaf", from.page)
	return nil
}

// branches walks on from a branch page. What leads on is read before it, so that only numbers are held on the way down.
func (l *look) branches(from branch, b []byte) error {
	rows, tail, ok := elements(b, false)
	if !ok || len(rows) == 0 {
		l.report.endless("page %d is not as it was written", from.page)
		return nil
	}
	l.order(from, rows, tail)
	next := make([]branch, len(rows))
	for i, r := range rows {
		next[i] = branch{page: r.page, low: bytes.Clone(r.key), high: from.high}
		if i > 0 {
			next[i-1].high = next[i].low
		}
	}
	for _, n := range next {
		if err := l.tree(n); err != nil {
			return err
		}
	}
	return nil
}

func (l *look) leaf(from branch, b []byte) error {
	rows, tail, ok := elements(b, true)
	if !ok {
		l.report.endless("page %d is not as it was written", from.page)
		return nil
	}
	if len(rows) == 0 && !from.root {
		l.report.say("page %d is empty", from.page)
	}
	l.order(from, rows, tail)
	for _, r := range rows {
		if r.flags != bucketFlag {
			continue
		}
		if err := l.nested(from.page, r.value); err != nil {
			return err
		}
	}
	return nil
}

// nested walks through a bucket in a bucket: in pages of its own, or within the row.
func (l *look) nested(page uint64, value []byte) error {
	if len(value) < bucketSize {
		l.report.endless("page %d has a bucket that is none", page)
		return nil
	}
	if root := u64(value, 0); root != 0 {
		return l.bucket(root)
	}
	b := value[bucketSize:]
	if len(b) < headerSize || u64(b, 0) != 0 || u16(b, 8) != leafFlag || u32(b, 12) != 0 {
		l.report.endless("page %d has a bucket that is none", page)
		return nil
	}
	rows, tail, ok := elements(b, true)
	if !ok || slices.ContainsFunc(rows, func(r row) bool { return r.flags != 0 }) {
		l.report.endless("page %d has a bucket that is not as it was written", page)
		return nil
	}
	l.order(branch{page: page}, rows, tail)
	if len(tail) > 0 {
		l.report.say("page %d has a bucket with more in it than rows", page)
	}
	return nil
}

// order looks at the keys of a page, and that nothing follows the last row.
func (l *look) order(from branch, rows []row, tail []byte) {
	for i, r := range rows {
		if i > 0 && bytes.Compare(rows[i-1].key, r.key) >= 0 || from.high != nil && bytes.Compare(r.key, from.high) >= 0 ||
			from.low != nil && bytes.Compare(r.key, from.low) < 0 {
			l.report.say("page %d has rows in a wrong order", from.page)
			break
		}
	}
	if !zero(tail) {
		l.report.say("page %d has more in it than its rows", from.page)
	}
}

// freeList reads which pages are in use by nothing.
func (l *look) freeList() error {
	b, err := l.take(l.head.freeList)
	if err != nil || b == nil {
		return err
	}
	ids, ok := freeIDs(b)
	if !ok {
		l.report.endless("page %d is not the list of free pages that it should be", l.head.freeList)
		return nil
	}
	for i, id := range ids {
		switch {
		case id < firstPage || id >= l.head.pages, i > 0 && ids[i-1] >= id:
			l.report.endless("the list of free pages names page %d, which there is not, or not in its place", id)
			return nil
		case l.seen[id]:
			l.report.say("page %d is in use, and in the list of free pages", id)
		}
		l.free[id] = true
	}
	return nil
}

// lost looks for pages that nothing leads to, and that are not free either: something that led to them is gone.
func (l *look) lost() {
	if !l.report.Walkable { // then much was not looked at
		return
	}
	for id := firstPage; id < len(l.seen); id++ {
		if !l.seen[id] && !l.free[id] {
			l.report.say("nothing leads to page %d any more", id)
			return
		}
	}
}
