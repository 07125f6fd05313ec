package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

var _ connectors.Revealer = (*source)(nil)

// Reveal returns the rows about somebody, each with the line where it begins. A group is what rows say of it, so it has none of its own unless
// there is a file of groups.
func (s *source) Reveal(ctx context.Context, of *directory.Record) (all []directory.Attr, err error) {
	part := peoplePart
	if of.Kind == directory.GroupIs {
		part = groupsPart
	}
	files, err := s.quiet(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.part != part {
			continue
		}
		if all, err = s.rowsAbout(ctx, f, of.ID); err != nil {
			return nil, named(err, f.path)
		}
	}
	if len(all) == 0 && part == peoplePart {
		return nil, errors.New("no row is about this person any more")
	}
	return all, nil
}

func (s *source) rowsAbout(ctx context.Context, f *input, id string) (all []directory.Attr, err error) {
	t, in, err := s.table(ctx, f)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	is, err := s.about(t, f.part)
	if err != nil {
		return nil, err
	}
	for {
		r, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case is(r) != id:
			continue
		}
		all = append(all, directory.Attr{Name: "row", Values: []string{fmt.Sprintf("%s:%d", filepath.Base(f.path), r.line)}})
		for i, cell := range r.cells {
			all = append(all, directory.Attr{Name: t.name(i), Values: []string{strings.Clone(cell)}})
		}
	}
}

// about returns what tells whom a row is about.
func (s *source) about(t *table, part string) (func(row) string, error) {
	if part == groupsPart {
		c, err := s.groupFile(t)
		return func(r row) string { return groupPrefix + at(r.cells, c.id) }, err
	}
	c, err := s.peopleColumns(t)
	if err != nil {
		return nil, err
	}
	rows := s.personRows(c)
	return func(r row) string {
		x, _ := rows.read(r)
		return x.id
	}, nil
}
