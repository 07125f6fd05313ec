package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/connectors/csv"
)

// askCSV asks for a file, and what its header calls what must be known, where the header does not say it in so many words.
func (i *initiation) askCSV(ctx context.Context) (*proposedSource, error) {
	if err := i.ask(ctx, &i.Path, "--path", "The file, such as /srv/hr/people.csv", ""); err != nil {
		return nil, err
	}
	s := csv.New().(*csv.Settings)
	s.Path = i.Path
	stop := i.ui.During(func() string { return "waiting until nobody writes " + i.Path })
	header, err := s.Header(ctx, i.env())
	stop()
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", i.Name, err)
	}
	i.ui.Tell("  its columns: %s", strings.Join(header, ", "))
	p := &proposedSource{settings: s, lines: []string{line("path: %s", i.Path)}}
	var columns []string
	for _, c := range []struct {
		key, question string
		to            *string
		needed        bool
	}{
		{"id", "The column with what never changes about somebody, such as the personnel number", &s.Columns.ID, true},
		{"email", "The column with the e-mail address", &s.Columns.Email, true},
		{"name", "The column with the name", &s.Columns.Name, false},
		{"active", "The column that says whether somebody may come in", &s.Columns.Active, false},
		{"groups", "The column with the groups", &s.Columns.Groups, false},
	} {
		called, err := i.column(ctx, header, c.key, c.question, c.needed)
		if err != nil {
			return nil, err
		}
		if *c.to = called; called != "" {
			columns = append(columns, line(c.key+": %s", called))
		}
	}
	if len(columns) > 0 {
		p.lines = append(p.lines, "columns: {"+strings.Join(columns, ", ")+"}")
	}
	return p, nil
}

// column returns what the header calls a column, "" when it is called as its key is or is not there.
func (i *initiation) column(ctx context.Context, header []string, key, question string, needed bool) (string, error) {
	const none = "-"
	called, proposal := i.Columns[key], none
	if called == "" && slices.ContainsFunc(header, func(n string) bool { return strings.EqualFold(n, key) }) {
		return "", nil
	}
	if needed {
		proposal = ""
	} else {
		question += " (- for none)"
	}
	if err := i.ask(ctx, &called, "--columns "+key+"=NAME", question, proposal); err != nil {
		return "", err
	}
	if called == none && !needed {
		return "", nil
	}
	if !slices.ContainsFunc(header, func(n string) bool { return strings.EqualFold(n, called) }) {
		return "", exit.Usage(fmt.Errorf("%s has no column %q", i.Path, called), "its columns: "+strings.Join(header, ", "))
	}
	return called, nil
}
