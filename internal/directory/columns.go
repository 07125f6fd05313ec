package directory

import (
	"errors"
	"math"
	"sort"
	"unsafe"
)

// ErrTooLarge is returned when one column of a source would pass 4 GiB of text.
var ErrTooLarge = errors.New("more than 4 GiB of text in one column")

// errOrder is returned for rows that cannot have come from a snapshot.
var errOrder = errors.New("rows out of order")

// texts is a column of strings in one arena: row i is bytes[ends[i-1]:ends[i]].
type texts struct {
	bytes []byte
	ends  []uint32
}

func (t *texts) len() int { return len(t.ends) }

// at returns row i without copying. Arenas of a finished column are never written again, so the string is as immutable as any.
func (t *texts) at(i int) string {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return view(t.bytes[from:t.ends[i]])
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (t *texts) add(s string) error {
	if len(t.bytes)+len(s) > math.MaxUint32 {
		return ErrTooLarge
	}
	t.bytes = append(t.bytes, s...)
	t.ends = append(t.ends, uint32(len(t.bytes)))
	return nil
}

// find returns the row that holds s, for a column in ascending order.
func (t *texts) find(s string) (int, bool) {
	i := sort.Search(t.len(), func(i int) bool { return t.at(i) >= s })
	return i, i < t.len() && t.at(i) == s
}

func (t *texts) trim() { t.bytes, t.ends = trim(t.bytes), trim(t.ends) }

// trim gives back the memory that a slice was given to grow into. What is kept for hours is worth a copy.
func trim[T any](s []T) []T {
	const worth = 16 // one part of so many
	if len(s) == 0 {
		return nil
	}
	if cap(s)-len(s) <= len(s)/worth {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}

// room returns an empty slice for n elements; nil for none.
func room[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, 0, n)
}

// lists is a column of number lists: row i is items[ends[i-1]:ends[i]].
type lists struct {
	items []uint32
	ends  []uint32
}

func (l *lists) at(i int) []uint32 {
	from := uint32(0)
	if i > 0 {
		from = l.ends[i-1]
	}
	return l.items[from:l.ends[i]:l.ends[i]]
}

func (l *lists) add(items []uint32) {
	l.items = append(l.items, items...)
	l.ends = append(l.ends, uint32(len(l.items)))
}

func (l *lists) trim() { l.items, l.ends = trim(l.items), trim(l.ends) }

// column is one attribute of all rows; each distinct value is kept once. While no row has more than one value, and most attributes
// are like that, a row is one number; else it is a list.
type column struct {
	name   string
	values texts    // distinct values, in the order in which they first came
	one    []uint32 // numbers into values, noValue for none; nil when there are lists
	many   lists
	listed bool
}

// noValue is the number of a row without a value.
const noValue = ^uint32(0)

func (c *column) len() int {
	if c.listed {
		return len(c.many.ends)
	}
	return len(c.one)
}

// at returns the numbers of the values of a row.
func (c *column) at(row int) []uint32 {
	switch {
	case c.listed:
		return c.many.at(row)
	case c.one[row] == noValue:
		return nil
	}
	return c.one[row : row+1 : row+1]
}

// add appends a row.
func (c *column) add(numbers []uint32) {
	if !c.listed && len(numbers) > 1 {
		c.list()
	}
	switch {
	case c.listed:
		c.many.add(numbers)
	case len(numbers) == 0:
		c.one = append(c.one, noValue)
	default:
		c.one = append(c.one, numbers[0])
	}
}

// list makes lists of rows of one number.
func (c *column) list() {
	for row := range c.one {
		c.many.add(c.at(row))
	}
	c.one, c.listed = nil, true
}

func (c *column) trim() {
	c.values.trim()
	c.one = trim(c.one)
	c.many.trim()
}

// columnBuilder makes a column.
type columnBuilder struct {
	column
	met index // of values
	row []uint32
}

func newColumnBuilder(name string) *columnBuilder { return &columnBuilder{column: column{name: name}} }

// number returns the number of a value, and gives it one when it has none.
func (b *columnBuilder) number(value string) (uint32, error) {
	hash := b.met.hash(value)
	if n, ok := b.met.find(hash, func(n uint32) bool { return b.values.at(int(n)) == value }); ok {
		return n, nil
	}
	n := uint32(b.values.len())
	if err := b.values.add(value); err != nil {
		return 0, err
	}
	b.met.put(hash, n)
	return n, nil
}

func (b *columnBuilder) add(values []string) error {
	b.row = b.row[:0]
	for _, v := range values {
		n, err := b.number(v)
		if err != nil {
			return err
		}
		b.row = append(b.row, n)
	}
	b.column.add(b.row)
	return nil
}

// padTo gives rows that came before this column was known an empty value.
func (b *columnBuilder) padTo(rows int) {
	for b.len() < rows {
		b.column.add(nil)
	}
}
