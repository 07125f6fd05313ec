package kisi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// reach is how many rows of one filter and one order can be read (§1.4).
func (l listing) reach() int { return maxOffset + l.limit }

// listLong reads a list, and if it is longer than offset can reach, from both
// ends: as much as can be had in order, and the rest in reverse.
// It is whole when both readings saw the same total and together that many
// rows.
func listLong[T row](ctx context.Context, c *Client, l listing) ([]T, error) {
	rows, err := list[T](ctx, c, l)
	var long *tooLong
	if !errors.As(err, &long) {
		return rows, err
	}
	if l.sort == "" || long.total > 2*l.reach() {
		return nil, l.unreadable(long)
	}
	for range readings {
		rows, err = fromBothEnds[T](ctx, c, l)
		var half *notWhole
		if !errors.As(err, &half) {
			return rows, err
		}
	}
	return nil, l.unreadable(err)
}

func (l listing) unreadable(cause error) error {
	return &Error{Method: http.MethodGet, Path: l.path, kind: access.ErrStop, cause: cause}
}

func fromBothEnds[T row](ctx context.Context, c *Client, l listing) ([]T, error) {
	up, err := readPages[T](ctx, c, reading{listing: l, ordered: true, part: true})
	if err != nil {
		return nil, err
	}
	l.sort = "-" + l.sort
	// A page more than what is missing: that both readings saw the same rows in between is part of the proof.
	down, err := readPages[T](ctx, c, reading{listing: l, ordered: true, part: true, enough: up.total - len(up.rows) + l.limit})
	if err != nil {
		return nil, err
	}
	rows := up.rows
	for i := len(down.rows) - 1; i >= 0; i-- { // back to rising order
		if r := down.rows[i]; !up.seen[r.key()] {
			rows = append(rows, r)
		}
	}
	if up.total != down.total || len(rows) != up.total {
		return nil, &notWhole{fmt.Sprintf("%d rows of %d (%d in reverse) seen from both ends", len(rows), up.total, down.total)}
	}
	return rows, nil
}

// count asks how long a list is.
func count[T row](ctx context.Context, c *Client, l listing) (int, error) {
	l.limit = 1
	answer, err := c.call(ctx, l.request(0, false))
	if err != nil {
		return 0, err
	}
	s, err := parseSpan(answer.header.Get(rangeHeader))
	if err != nil {
		return 0, l.unreadable(err)
	}
	return s.total, nil
}
