package csv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// mostTold is how many rows check tells one by one.
const mostTold = 20

// Check says what is in the files: rows, encoding, age, each row that cannot be used, and columns that nobody reads.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	files, err := s.quiet(ctx)
	if err != nil {
		return []connectors.Finding{problem(err)}
	}
	v, err := s.survey(ctx, files)
	if err != nil {
		return refusal(err)
	}
	var f []connectors.Finding
	for _, l := range v.looks {
		f = append(f, good("%s", l.String(s.env.Now())))
		if len(l.unused) > 0 {
			f = append(f, good("%s: nobody reads the columns %s", filepath.Base(l.path), strings.Join(l.unused, ", ")))
		}
	}
	f = append(f, v.census()...)
	f = append(f, unusable(v.bad, v.badRows, "who is in the row stays as before until it is mended")...)
	if v.nameless > 0 {
		f = append(f, warning("mend these rows first: somebody who left keeps everything meanwhile", "whom %s is about cannot be told, so nobody counts as missing", rowCount(v.nameless)))
	}
	for i := range v.cols.fates {
		if c := &v.cols.fates[i]; c.rows > 0 {
			f = append(f, warning("", "%s", c))
		}
	}
	if v.dangling > 0 {
		f = append(f, warning("they may be in another source; else the two files are of different days", "%s of members who are not among the people", rowCount(v.dangling)))
	}
	return append(f, s.undeclared(files)...)
}

// unusable tells rows one by one.
func unusable(bad []Bad, all int, hint string) (f []connectors.Finding) {
	for _, b := range bad[:min(mostTold, len(bad))] {
		f = append(f, warning(hint, "%s", b))
	}
	if more := all - mostTold; more > 0 {
		f = append(f, warning("", "%s more cannot be used", rowCount(more)))
	}
	return f
}

// refusal says why a file is not used and, when that is because of its rows, which they are.
func refusal(err error) []connectors.Finding {
	f := []connectors.Finding{problem(err)}
	var refused *Refused
	if errors.As(err, &refused) && len(refused.Bad) > 0 {
		f[0].Hint = "mend the rows, of which the first are told below; bad_rows says how many are borne"
		f = append(f, unusable(refused.Bad, 0, "")...)
	}
	return f
}

// census says how much there is.
func (v *survey) census() (f []connectors.Finding) {
	known := "by " + v.cols.keyed
	if v.MutableID {
		known += ", which may change: who gets another address looks like somebody who left and somebody who came, and both are held"
	}
	f = append(f, good("%d people, known %s; %d groups", v.count, known, len(v.groups.all)))
	if v.cols.active == absent {
		f = append(f, good("there is no column that says who is disabled; who leaves is whoever is not there any more"))
	}
	return f
}

// String says what a file is like.
func (l look) String(now time.Time) string {
	text := fmt.Sprintf("%s: %s, %s, columns separated by %s, written %s ago", filepath.Base(l.path), rowCount(l.rows), l.encoding, l.delimiter, age(now.Sub(l.info.ModTime())))
	if l.bad > 0 {
		text += fmt.Sprintf("; %d of them cannot be used", l.bad)
	}
	if l.empty > 0 {
		text += fmt.Sprintf("; and %d without a single value", l.empty)
	}
	return text
}

func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	if d/time.Minute == 1 {
		return "1 minute"
	}
	return fmt.Sprintf("%d minutes", max(0, d/time.Minute))
}

// undeclared warns of tables that lie beside those that are read.
func (s *source) undeclared(files []*input) (f []connectors.Finding) {
	entries, err := os.ReadDir(s.path)
	if err != nil {
		return nil // it is a file
	}
	for _, e := range entries {
		name := e.Name()
		read := slices.ContainsFunc(files, func(f *input) bool { return filepath.Base(f.path) == name })
		older, _ := filepath.Match(s.Files.people(), name)
		if strings.EqualFold(filepath.Ext(name), ".csv") && !read && !older && len(f) < mostTold {
			f = append(f, warning("name it under files if it should be read", "%s lies in the folder and is not read", name))
		}
	}
	return f
}

func good(format string, args ...any) connectors.Finding {
	return connectors.Finding{Level: connectors.Good, Text: fmt.Sprintf(format, args...)}
}

func warning(hint, format string, args ...any) connectors.Finding {
	return connectors.Finding{Level: connectors.Warning, Path: "path", Text: fmt.Sprintf(format, args...), Hint: hint}
}

func problem(err error) connectors.Finding {
	var refused *Refused
	if errors.As(err, &refused) {
		bare := *refused
		bare.Hint = ""
		return connectors.Finding{Path: "path", Text: bare.Error(), Hint: refused.Hint}
	}
	return connectors.Finding{Path: "path", Text: err.Error()}
}
