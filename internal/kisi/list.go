package kisi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
)

const (
	maxOffset = 20000 // of every paged list (§1.4)
	readings  = 4     // how often a list is read before we give up on it
)

// row is what a list is made of.
type row interface {
	// key identifies the row within its list; 0 when it has no id.
	key() int64
	// flaw says what the row lacks that we cannot do without; "" for nothing.
	flaw() string
}

// listing says which list to read.
type listing struct {
	path  string
	query url.Values // filters; nil for all
	sort  string     // "" where the endpoint offers none
	limit int        // the endpoint's maximum
}

// name tells lists apart.
func (l listing) name() string { return l.path + "?" + l.query.Encode() }

// tooLong is a list of more rows than offset can reach.
type tooLong struct{ total int }

func (e *tooLong) Error() string {
	return fmt.Sprintf("%d rows are more than Kisi's API shows of one list: its pages end at row %d, from either end", e.total, maxOffset)
}

// notWhole is a reading that cannot be believed; another may be.
type notWhole struct{ what string }

func (e *notWhole) Error() string { return e.what }

// list reads a list until one reading is whole: every page there, no row
// twice, the total unmoved and met. Half a list must never be taken for all:
// what is missing from it would be removed.
//
// Pages overlap by one row, so that a row deleted and another inserted between
// two pages, which leave the total as it was, are noticed too: the first row of
// a page must have been on the page before, all others must not.
//
// Where rows that are equal under the sort come in another order at each call,
// only a reading without sort can be whole; the later readings try that, and
// the Client remembers.
func list[T row](ctx context.Context, c *Client, l listing) ([]T, error) {
	var last error
	for try := range readings {
		ordered := l.sort != "" && (try < readings/2) == !c.isUnordered(l.path)
		p, err := readPages[T](ctx, c, reading{listing: l, ordered: ordered})
		if err == nil {
			c.noteList(l, p.total, !ordered && l.sort != "")
			return p.rows, nil
		}
		var half *notWhole
		if !errors.As(err, &half) {
			return nil, err
		}
		last = err
		c.options.Log.Debug("a list was not whole", "list", l.path, "reading", try+1, "why", err)
	}
	return nil, l.unreadable(fmt.Errorf("read %d times and never whole, the last time: %w", readings, last))
}

func (c *Client) isUnordered(path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unordered[path]
}

func (c *Client) noteList(l listing, total int, unordered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unordered[l.path] = unordered || c.unordered[l.path] && total <= l.limit
	c.totals[l.name()] = total
}

// onePage says that a list fitted into one call when it was last read, or was
// never read.
func (c *Client) onePage(l listing) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.totals[l.name()] <= l.limit
}

// reading is one way through a list.
type reading struct {
	listing
	ordered bool // ask for listing.sort
	part    bool // end at the offset limit instead of failing
	enough  int  // end when there are so many rows; 0: at the end
}

// pages collects the pages of one reading.
type pages[T row] struct {
	reading
	rows  []T
	seen  map[int64]bool
	total int // -1 before the first page
}

func readPages[T row](ctx context.Context, c *Client, r reading) (*pages[T], error) {
	p := &pages[T]{reading: r, seen: map[int64]bool{}, total: -1}
	for {
		offset := min(max(len(p.rows)-1, 0), maxOffset)
		page, span, err := readPage[T](ctx, c, r.request(offset, r.ordered))
		if err != nil {
			return nil, err
		}
		before := len(p.rows)
		if err := p.add(page, span, offset); err != nil {
			return nil, err
		}
		switch {
		case len(p.rows) == p.total, r.part && len(p.rows) == r.reach(), r.enough > 0 && len(p.rows) >= r.enough:
			return p, nil
		case !r.part && p.total > r.reach():
			return nil, &tooLong{p.total}
		case len(p.rows) == before:
			return nil, &notWhole{fmt.Sprintf("%d of %d rows, and no more come", len(p.rows), p.total)}
		}
	}
}

func (l listing) request(offset int, ordered bool) request {
	q := maps.Clone(l.query)
	if q == nil {
		q = url.Values{}
	}
	q.Set("limit", strconv.Itoa(l.limit))
	if offset > 0 {
		q.Set("offset", strconv.Itoa(offset))
	}
	if ordered {
		q.Set("sort", l.sort)
	}
	return request{method: http.MethodGet, path: l.path, query: q}
}

// readPage reads one page and its range. An answer of another shape counts as
// a reading that was not whole: it may be better in a second.
func readPage[T row](ctx context.Context, c *Client, r request) ([]T, span, error) {
	answer, err := c.call(ctx, r)
	if err != nil {
		return nil, span{}, err
	}
	var page []T
	if err := answer.array(&page); err != nil {
		return nil, span{}, &notWhole{err.Error()}
	}
	s, err := parseSpan(answer.header.Get(rangeHeader))
	if err != nil {
		return nil, span{}, &notWhole{err.Error()}
	}
	return page, s, nil
}

// add takes a page that begins at offset, where all but its first rows must be
// new.
func (p *pages[T]) add(page []T, s span, offset int) error {
	if p.total >= 0 && s.total != p.total {
		return &notWhole{fmt.Sprintf("the total moved from %d to %d between pages", p.total, s.total)}
	}
	p.total = s.total
	if err := s.fits(offset, p.limit, len(page)); err != nil {
		return err
	}
	overlap := len(p.rows) - offset
	for i, r := range page {
		if flaw := r.flaw(); flaw != "" {
			return &notWhole{fmt.Sprintf("row %d %s", offset+i, flaw)}
		}
		switch seen := p.seen[r.key()]; {
		case seen && i >= overlap:
			return &notWhole{fmt.Sprintf("row %d came twice", r.key())}
		case !seen && i < overlap:
			return &notWhole{"rows moved between pages"}
		case !seen:
			p.seen[r.key()] = true
			p.rows = append(p.rows, r)
		}
	}
	return nil
}

// rangeHeader carries which rows were asked for and how many there are (§1.4).
const rangeHeader = "X-Collection-Range"

// span is a parsed X-Collection-Range: zero-based, inclusive; all is true for
// "*", which is said of an empty list.
type span struct {
	first, last, total int
	all                bool
}

var spanPattern = regexp.MustCompile(`^(?:(\d{1,9})-(\d{1,9})|(\*))/(\d{1,9})$`)

func parseSpan(header string) (span, error) {
	if header == "" {
		return span{}, fmt.Errorf("the answer has no %s header", rangeHeader)
	}
	m := spanPattern.FindStringSubmatch(header)
	if m == nil {
		return span{}, fmt.Errorf("%s %q cannot be read", rangeHeader, tidy(header))
	}
	s := span{all: m[3] != ""}
	s.total, _ = strconv.Atoi(m[4]) // digits, by the pattern
	if s.all {
		return s, nil
	}
	s.first, _ = strconv.Atoi(m[1])
	s.last, _ = strconv.Atoi(m[2])
	if s.last < s.first {
		return span{}, fmt.Errorf("%s %q runs backwards", rangeHeader, tidy(header))
	}
	return s, nil
}

// fits checks a page of n rows against its range. The range is what was asked
// for, not what came (§1.4); a server that gives less than asked for says so
// in it, and is followed.
func (s span) fits(offset, limit, n int) error {
	if s.all {
		if s.total != 0 || n != 0 {
			return &notWhole{fmt.Sprintf("%d rows of %d where an empty list is announced", n, s.total)}
		}
		return nil
	}
	if s.first != offset || s.last-s.first+1 > limit {
		return &notWhole{fmt.Sprintf("rows %d-%d came where %d-%d were asked for", s.first, s.last, offset, offset+limit-1)}
	}
	if want := min(s.last-s.first+1, max(s.total-offset, 0)); n != want {
		return &notWhole{fmt.Sprintf("%d rows at %d, where %d of %d are announced", n, offset, want, s.total)}
	}
	return nil
}
