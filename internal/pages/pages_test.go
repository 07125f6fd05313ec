package pages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// written returns a file with everything that bbolt writes: branches above leaves, buckets in buckets and within rows, rows of many
// pages, an empty bucket, free pages.
func written(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		err = db.Update(func(tx *bolt.Tx) error { return fill(tx, round) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fill(tx *bolt.Tx, round int) error {
	for _, name := range []string{"many", "large", "empty", "few"} {
		b, err := tx.CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		in, err := b.CreateBucketIfNotExists([]byte("zz"))
		if err != nil {
			return err
		}
		rows := map[string][2]int{"many": {900, 40}, "large": {2, 20_000}, "few": {3, 9}}[name]
		for n := range rows[0] {
			key := fmt.Appendf(nil, "%s %04d", name, n*7)
			if n%3 == round-1 {
				err = b.Delete(key)
			} else {
				err = b.Put(key, bytes.Repeat([]byte{byte(n + round + 1)}, rows[1]))
			}
			if err == nil && n < 200 {
				err = in.Put(key, key)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func problems(t *testing.T, b []byte) *Report {
	t.Helper()
	r, err := Look(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAFileAsItWasWrittenHasNoProblem(t *testing.T) {
	b := written(t)
	if r := problems(t, b); len(r.Problems) > 0 || !r.Walkable || r.Older {
		t.Errorf("%+v", r)
	}
	kinds := map[uint16]int{}
	for at := 0; at < len(b); at += os.Getpagesize() {
		kinds[u16(b, at+8)]++
	}
	if kinds[branchFlag] == 0 || kinds[leafFlag] < 10 || kinds[freeListFlag] == 0 {
		t.Errorf("%v: the test shows little", kinds)
	}
}

// said is what bbolt reads in a file, or that it gave up. The file is left to it: after a panic it does not let go of it.
func said(t *testing.T, b []byte) (text string, ok bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "b.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	ends := make(chan bool, 1)
	go func() {
		defer func() { ends <- recover() == nil && ok }()
		db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
		if err != nil {
			return
		}
		var w strings.Builder
		err = db.View(func(tx *bolt.Tx) error {
			return tx.ForEach(func(name []byte, b *bolt.Bucket) error { return dump(&w, b, string(name)) })
		})
		text, ok = w.String(), err == nil && db.Close() == nil
	}()
	select {
	case ok = <-ends:
		return text, ok
	case <-time.After(20 * time.Second):
		t.Fatal("bbolt finds no end in a file that is said to be walkable")
		return "", false
	}
}

func dump(w *strings.Builder, b *bolt.Bucket, name string) error {
	return b.ForEach(func(key, value []byte) error {
		if value == nil {
			return dump(w, b.Bucket(key), name+"/"+string(key))
		}
		fmt.Fprintf(w, "%s %x %x\n", name, key, value)
		return nil
	})
}

// rowsIn counts the rows of a dump; to notice changes within a row is for whoever wrote it.
func rowsIn(text string) int { return strings.Count(text, "\n") }

// TestWhateverIsBrokenLookEndsAndWhatItLetsThroughHasAllRows breaks files at random places of all kinds.
func TestWhateverIsBrokenLookEndsAndWhatItLetsThroughHasAllRows(t *testing.T) {
	whole := written(t)
	want, _ := said(t, whole)
	refused, walked, sound := 0, 0, 0
	for seed := range uint64(400) {
		b := broken(whole, rand.New(rand.NewPCG(seed, 7)))
		r := problems(t, b)
		switch {
		case !r.Walkable:
			refused++
			continue
		case len(r.Problems) > 0:
			walked++
		}
		text, ok := said(t, b)
		if len(r.Problems) == 0 && !r.Older {
			sound++
			if !ok || rowsIn(text) != rowsIn(want) {
				t.Errorf("seed %d: said to be sound, and bbolt reads %d rows of %d", seed, rowsIn(text), rowsIn(want))
			}
		}
	}
	t.Logf("%d not walkable, %d walkable with problems, %d sound", refused, walked, sound)
	if refused == 0 || walked == 0 || sound == 0 {
		t.Error("the test shows little")
	}
}

func TestAFileThatEndsTooEarlyIsNoticedAtEveryPage(t *testing.T) {
	whole := written(t)
	page := os.Getpagesize()
	h, _, _ := (&look{file: bytes.NewReader(whole), size: int64(len(whole))}).readHead(0, uint64(page))
	for at := 0; at < int(h.pages)*page; at += page / 2 {
		if r := problems(t, whole[:at]); r.Walkable || len(r.Problems) == 0 {
			t.Errorf("cut off at %d: %+v", at, r)
		}
	}
}

func TestABranchThatLeadsUpwardsIsNoticed(t *testing.T) {
	whole := written(t)
	page, tried := os.Getpagesize(), 0
	for at := 2 * page; at < len(whole); at += page {
		if u16(whole, at+8) != branchFlag || u64(whole, at) != uint64(at/page) {
			continue
		}
		for n := range int(u16(whole, at+10)) {
			b := slices.Clone(whole)
			binary.NativeEndian.PutUint64(b[at+headerSize+n*elementSize+8:], uint64(at/page))
			if r := problems(t, b); !r.Walkable {
				tried++
			} else if len(r.Problems) > 0 {
				t.Errorf("page %d: %+v", at/page, r)
			}
		}
	}
	if tried == 0 {
		t.Error("no branch was found")
	}
}

func TestOfTwoHeadsOneIsEnoughAndThatIsSaid(t *testing.T) {
	whole := written(t)
	for n := range 2 {
		b := slices.Clone(whole)
		b[n*os.Getpagesize()+headerSize+40] ^= 1
		if r := problems(t, b); !r.Older || !r.Walkable {
			t.Errorf("%d: %+v", n, r)
		}
	}
}

func FuzzLookEnds(f *testing.F) {
	f.Add([]byte{}, uint64(1))
	whole := written(f)
	f.Fuzz(func(t *testing.T, with []byte, seed uint64) {
		b := broken(whole, rand.New(rand.NewPCG(seed, 11)))
		if len(b) > 0 {
			copy(b[int(seed%uint64(len(b))):], with)
		}
		_ = problems(t, b)
	})
}
