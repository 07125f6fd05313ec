package kisisim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// listing describes one collection to page.
type listing[T any] struct {
	rows   func() []*T                  // candidates: the narrowest index that the filters allow
	keep   func(*T) bool                // the filters and what the viewer may see
	sorts  map[string]func(a, b *T) int // by the word that sort takes
	id     func(*T) int64               // breaks ties
	render func(*T) any                 // as JSON
}

// page answers a paged list: bare array, X-Collection-Range of what was asked for, "*/0" when there is nothing (§1.4).
func page[T any](x *exchange, l listing[T]) response {
	if len(x.query.errs) > 0 {
		for _, field := range slices.Sorted(maps.Keys(x.query.errs)) {
			x.violate(BadQuery, "parameter %s %s", field, strings.Join(x.query.errs[field], ", "))
		}
		return unprocessable(x.query.errs)
	}
	rows := sorted(x, l)
	from, to := min(x.query.offset, len(rows)), min(x.query.offset+x.query.limit, len(rows))
	out := make([]any, 0, to-from)
	for _, row := range rows[from:to] {
		out = append(out, l.render(row))
	}
	if from > 0 && from == x.query.offset {
		x.before = l.render(rows[from-1])
	}
	r := ok(out)
	r.header.Set(rangeHeader, x.span(len(rows)))
	return r
}

const rangeHeader = "X-Collection-Range"

func (x *exchange) span(total int) string {
	if total == 0 {
		return "*/0"
	}
	return fmt.Sprintf("%d-%d/%d", x.query.offset, x.query.offset+x.query.limit-1, total)
}

// sorted returns all rows of the list in order. The result is kept until something changes, so that reading 30,000 rows
// page by page sorts them once.
func sorted[T any](x *exchange, l listing[T]) []*T {
	key := x.listKey()
	if kept, found := x.st.sortedResults[key]; found {
		return kept.([]*T)
	}
	var rows []*T
	for _, row := range l.rows() {
		if l.keep == nil || l.keep(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, order(x, l))
	if !x.restless() {
		x.st.sortedResults[key] = rows
	}
	return rows
}

// restless tells lists that may differ although nothing changed.
func (x *exchange) restless() bool {
	a := x.st.assume
	return a.UnstableOrder || a.UnstableTies || a.Expired != ExpiredListed
}

func order[T any](x *exchange, l listing[T]) func(a, b *T) int {
	word, descending := strings.CutPrefix(x.query.sort, "-")
	by := l.sorts[word]
	jumbled := by == nil && len(l.sorts) > 0 && x.st.assume.UnstableOrder || by != nil && x.st.assume.UnstableTies
	return func(a, b *T) int {
		if by != nil {
			if c := by(a, b); c != 0 && descending {
				return -c
			} else if c != 0 {
				return c
			}
		}
		if jumbled {
			return cmp.Compare(x.jumble(l.id(a)), x.jumble(l.id(b)))
		}
		return cmp.Compare(l.id(a), l.id(b))
	}
}

// jumble gives every row another place at every request, and the same one when the test is run again.
func (x *exchange) jumble(id int64) uint64 {
	h := uint64(id)*0x9e3779b97f4a7c15 + uint64(x.serial)*0xbf58476d1ce4e5b9
	h ^= h >> 31
	h *= 0x94d049bb133111eb
	return h ^ h>>29
}

func (x *exchange) listKey() string {
	rest := maps.Clone(x.query.values)
	delete(rest, "limit")
	delete(rest, "offset")
	return strconv.FormatInt(x.viewer.user, 10) + x.path + "?" + rest.Encode()
}
