package csv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Whatever stands in a file, a read ends, makes no record that the Builder refuses, and tells the same twice.
func FuzzAnyFileIsReadOrRefused(f *testing.F) {
	for _, text := range []string{staff, "", "id\n", "\xff\xfei\x00d\x00\n\x00", "sep=;\nid;email\n1;a@x.com\n", "email,group_ids\na@x.com,1;2\n",
		"id,email\n\"1\n,2\",a@x.com\n1,b@x.com,\"", "id,name,groups\n1,\"a,\nb\",x\n1,c,y\n", "\xef\xbb\xbfid\n1\n", "id;email,name|x\ty\n", "group,member,member_group\nx,1,\nx,,x\n"} {
		f.Add([]byte(text), uint8(0))
		f.Add([]byte(text), uint8(0xff))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, how uint8) {
		path := filepath.Join(dir, "people.csv")
		for _, name := range []string{"people.csv", "groups.csv", "memberships.csv"} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := settings(path)
		s.MutableID, s.MayBeEmpty, s.EndsWithNewline = how&1 > 0, how&2 > 0, how&4 > 0
		s.BadRows, s.Settle = BadRows{1000, 100}, 0
		if how&8 > 0 {
			s.Path, s.Files = dir, Files{Groups: "groups.csv", Memberships: "memberships.csv"}
		}
		if how&16 > 0 {
			s.Encoding = "windows-1252"
		}
		if how&32 > 0 {
			s.Footer = "x"
		}
		source := open(t, s, "name")
		first, err := snapshot(source, nil)
		if err != nil {
			return
		}
		again, err := snapshot(source, first)
		if err != nil {
			t.Fatalf("read once, and then: %v", err)
		}
		if first.Counts().People != again.Counts().People || first.Counts().Members != again.Counts().Members {
			t.Errorf("%+v, and then %+v", first.Counts(), again.Counts())
		}
	})
}

// snapshot reads everything on top of what is known.
func snapshot(s interface {
	Fetch(context.Context, directory.Cursor, func(*directory.Record) error) (directory.Receipt, error)
}, last *directory.Snapshot) (*directory.Snapshot, error) {
	b := directory.Build("hr", last)
	var refused error
	receipt, err := s.Fetch(context.Background(), directory.Cursor{}, func(r *directory.Record) error {
		if refused = b.Put(r); refused != nil {
			panic(refused)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if receipt.At.After(time.Now()) {
		return nil, errors.New("read in the future")
	}
	next, _, err := b.Seal(receipt, nil)
	return next, err
}

func FuzzWhatIsWrittenIsReadAgain(f *testing.F) {
	for _, v := range []string{"Ana", "=1+1", "'=x", "'", "''", "@x", "-", "a\x00b", "+49", "'-'", " a  b "} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		once := Neutral(v)
		if once != "" && (once[0] == '=' || once[0] == '+' || once[0] == '-' || once[0] == '@') {
			t.Errorf("%q is a formula", once)
		}
		if got := Neutral(at([]string{once}, 0)); got != once {
			t.Errorf("%q is written as %q, read as %q and written as %q", v, once, at([]string{once}, 0), got)
		}
	})
}
