package csv

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// put writes in place, as of some moment.
func put(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// fetch reads everything and counts the people.
func fetch(s connectors.Source, during func()) (people int, err error) {
	_, err = s.Fetch(context.Background(), directory.Cursor{}, func(r *directory.Record) error {
		if during != nil {
			during()
			during = nil
		}
		if r.Kind == directory.PersonIs {
			people++
		}
		return nil
	})
	return people, err
}

func TestAFileIsReadWhenItWasLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		ahead  time.Duration // of the file's clock
		writes []time.Duration
		want   time.Duration // when the read ends
		fails  bool
	}{
		"written a while ago":          {-time.Minute, nil, 0, false},
		"written just now":             {0, nil, 5 * time.Second, false},
		"written on a server ahead":    {time.Hour, nil, 5 * time.Second, false},
		"still being written":          {0, []time.Duration{2 * time.Second, 4 * time.Second, 7 * time.Second}, 12 * time.Second, false},
		"written on and on":            {0, slices.Repeat([]time.Duration{0}, 40), 0, true},
		"written on, on a server late": {-3 * time.Second, []time.Duration{time.Second}, 3 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				path, began := filepath.Join(dir, "people.csv"), time.Now()
				put(t, path, staff[:40], began.Add(c.ahead))
				if len(c.writes) == 0 {
					put(t, path, staff, began.Add(c.ahead))
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					for i, at := range c.writes {
						if at == 0 {
							at = time.Duration(i) * time.Second
						}
						<-time.After(time.Until(began.Add(at)))
						put(t, path, staff[:40+2*min(i, 5)], time.Now().Add(c.ahead))
					}
					if len(c.writes) > 0 {
						put(t, path, staff, time.Now().Add(c.ahead))
					}
				}()
				n, err := fetch(open(t, settings(path)), nil)
				if c.fails != (err != nil) || err == nil && (n != 2 || time.Since(began) != c.want) {
					t.Errorf("%d people after %v: %v", n, time.Since(began), err)
				}
				if c.fails && !strings.Contains(err.Error(), "is being written all the time; write it under another name") {
					t.Error(err)
				}
				<-done
			})
		})
	}
}

func TestAReadThatIsOverwrittenOrReplacedIsDropped(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"appended to": func(t *testing.T, path string) {
			put(t, path, staff+"3,cy@x.com,Cy,Lab\n", time.Now().Add(-time.Minute))
		},
		"replaced": func(t *testing.T, path string) { write(t, path, staff) },
		"cut":      func(t *testing.T, path string) { put(t, path, staff[:60], time.Now().Add(-time.Minute)) },
		"deleted": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(file(t, staff))
			source := open(t, s)
			if _, err := fetch(source, func() { change(t, s.Path) }); err == nil {
				t.Fatal("the read is believed")
			}
		})
	}
}

// A file that is changed between two of the passes must not be put together of both.
func TestPassesOverDifferentContentAreDropped(t *testing.T) {
	s := settings(file(t, staff))
	source := open(t, s).(*source)
	files, err := source.quiet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put(t, s.Path, strings.Replace(staff, "bo@x.com", "be@x.com", 1), files[0].info.ModTime())
	if _, err := source.survey(t.Context(), files); err == nil || !strings.Contains(err.Error(), "was changed while it was read") {
		t.Errorf("%v", err)
	}
}

func TestAMarkerSaysThatAFileIsWhole(t *testing.T) {
	for _, marker := range []string{"{file}.done", "READY"} {
		s := settings(file(t, staff))
		s.DoneMarker = marker
		path := filepath.Join(filepath.Dir(s.Path), strings.ReplaceAll(marker, "{file}", "people.csv"))
		if got := failure(t, open(t, s)); !strings.Contains(got, "is not there, so people.csv is not whole yet") {
			t.Error(got)
		}
		put(t, path, "", time.Now().Add(-time.Hour))
		if got := failure(t, open(t, s)); !strings.Contains(got, "is older than people.csv") {
			t.Error(got)
		}
		put(t, path, "", time.Now())
		if n, err := fetch(open(t, s), nil); n != 2 || err != nil {
			t.Errorf("%d people, %v", n, err)
		}
	}
}

func TestOfSeveralExportsTheNewestByNameIsRead(t *testing.T) {
	dir := t.TempDir()
	s := settings(dir)
	s.Files.People = "people-*.csv"
	if got := failure(t, open(t, s)); !strings.Contains(got, "has no file people-*.csv") {
		t.Error(got)
	}
	write(t, filepath.Join(dir, "people-2026-03-02.csv"), staff+"3,cy@x.com,Cy,Lab\n")
	write(t, filepath.Join(dir, "people-2026-03-01.csv"), staff)
	r := connectortest.Follow(t, open(t, s))
	if r.Full(); len(r.People()) != 3 {
		t.Errorf("there are %v", r.People())
	}
	write(t, filepath.Join(dir, "people-2026-03-03.csv"), staff)
	if r.Changes(); len(r.People()) != 2 {
		t.Errorf("there are %v", r.People())
	}
}

func TestWhatIsNoFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		s    *Settings
		want string
	}{
		"nothing":              {settings(filepath.Join(dir, "none.csv")), "none.csv does not exist"},
		"a folder without one": {settings(dir), "people.csv does not exist"},
		"files of a file":      {&Settings{Path: file(t, staff), Files: Files{Groups: "groups.csv"}, Separator: ";"}, "is a file, and files names those of a folder"},
		"a folder as a file":   {&Settings{Path: filepath.Dir(dir), Files: Files{People: filepath.Base(dir)}, Separator: ";"}, "is not a file"},
	} {
		if got := failure(t, open(t, c.s)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestARelativePathBeginsAtTheConfiguration(t *testing.T) {
	path := file(t, staff)
	opened, err := settings("people.csv").Open(connectors.Env{Dir: filepath.Dir(path), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := fetch(opened, nil); n != 2 || err != nil {
		t.Errorf("%d people, %v", n, err)
	}
}

func TestWaitingEndsWhenItIsToldTo(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "people.csv")
		put(t, path, staff, time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := open(t, settings(path)).Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
