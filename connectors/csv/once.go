package csv

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Row is a row of a table that is imported once, for a report that has every row.
type Row struct {
	Line        int
	Email, Name string   // as written, without blanks around
	Groups      []string // as written: names, or the numbers of Kisi's template
	Disabled    bool     // the table says so
	Problem     string   // why the row cannot be used; "" when it can
	Ignored     []string // values that are not used, each with the reason
}

// ReadOnce reads every row of a file of people who are known by their address, in the order of the file. Rows that cannot be used are told
// and do no harm to others; a file that cannot be used at all is an error, as for a source: one that is being written, or that is empty.
func (s *Settings) ReadOnce(ctx context.Context, env connectors.Env) ([]Row, error) {
	settings := *s
	settings.MutableID, settings.Files = true, Files{}
	opened, err := settings.Open(env)
	if err != nil {
		return nil, err
	}
	src := opened.(*source)
	files, err := src.quiet(ctx)
	if err != nil {
		return nil, err
	}
	f := files[0]
	t, in, err := src.table(ctx, f)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	c, err := src.peopleColumns(t)
	if err != nil {
		return nil, named(err, f.path)
	}
	rows, err := src.rowsOf(t, c)
	if err != nil {
		return nil, named(err, f.path)
	}
	if err := (&survey{source: src}).judge(t, 0); err != nil {
		return nil, named(err, f.path)
	}
	return rows, in.same()
}

// rowsOf reads the rows. Of several about one address the first counts.
func (s *source) rowsOf(t *table, c *columns) (all []Row, err error) {
	read, first := s.personRows(c), map[string]int{}
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		x, problem := read.read(r)
		row := Row{Line: r.line, Email: at(r.cells, c.email), Name: x.name, Groups: x.groups, Disabled: x.active == directory.No, Problem: problem}
		if line, twice := first[x.id]; twice && problem == "" {
			row.Problem = fmt.Sprintf("the address is in line %d already", line)
		} else if problem == "" {
			first[x.id] = r.line
		}
		for i := range c.fates {
			if f := &c.fates[i]; !f.fine(at(r.cells, f.at)) {
				row.Ignored = append(row.Ignored, f.column+": "+f.why)
			}
		}
		all = append(all, row)
	}
}

// Header returns the columns of the file of people, as its first line calls them.
func (s *Settings) Header(ctx context.Context, env connectors.Env) ([]string, error) {
	settings := *s
	settings.MutableID = settings.Columns.ID == "" // a header is read without knowing which column that is
	opened, err := settings.Open(env)
	if err != nil {
		return nil, err
	}
	src := opened.(*source)
	files, err := src.quiet(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.part != peoplePart {
			continue
		}
		t, in, err := src.table(ctx, f)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		return t.header, nil
	}
	return nil, errors.New("there is no file of people")
}
