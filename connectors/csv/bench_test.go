//go:build !windows

package csv

import (
	"bufio"
	"context"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// BenchmarkAMillionRows reads the same file of a million people, each in two of five hundred groups, side by side: by encoding/csv alone, by a
// source that is asked for everything, by one whose Builder makes a snapshot of it, and by one that finds the same file again. Reported: seconds
// of processors, and the most memory that was in use above what there was before.
//
//	go test ./connectors/csv -run '^$' -bench MillionRows -benchtime 1x
func BenchmarkAMillionRows(b *testing.B) {
	const rows = 1_000_000
	path := million(b, rows)
	base := measure(b, "encoding/csv", func() { alone(b, path, rows) })
	b.Logf("%-16s %6.2f s %5.0f MiB", base.name, base.seconds, float64(base.bytes)/(1<<20))
	s := open(b, settings(path))
	var cursor directory.Cursor
	measure(b, "fetch", func() { cursor = fetched(b, s, directory.Cursor{}, func(*directory.Record) error { return nil }) }).against(b, base)
	measure(b, "fetch+build", func() {
		builder := directory.Build("hr", nil)
		fetched(b, s, directory.Cursor{}, builder.Put)
		next, _, err := builder.Seal(directory.Receipt{Coverage: directory.Complete, At: time.Now()}, nil)
		if err != nil || next.Counts().People != rows {
			b.Fatal(err)
		}
	}).against(b, base)
	measure(b, "same file again", func() { fetched(b, s, cursor, func(*directory.Record) error { b.Fatal("a row was read"); return nil }) }).against(b, base)
	for b.Loop() { // what counts is reported above
	}
}

type cost struct {
	name    string
	seconds float64
	bytes   uint64
}

// against logs how a cost compares with another.
func (c cost) against(b *testing.B, base cost) {
	b.Logf("%-16s %6.2f s %5.0f MiB    %.1f times the seconds, %.1f times the memory of %s", c.name, c.seconds, float64(c.bytes)/(1<<20),
		c.seconds/base.seconds, float64(c.bytes)/float64(base.bytes), base.name)
}

// measure takes the time that processors spent on something, which does not grow when others use them as well, and the most memory that it had in use at once.
func measure(b *testing.B, name string, do func()) cost {
	b.Helper()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most.Store(max(most.Load(), now.HeapInuse))
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	began := processors(b)
	do()
	c := cost{name: name, seconds: (processors(b) - began).Seconds()}
	close(stop)
	<-done
	c.bytes = max(most.Load(), before.HeapInuse) - before.HeapInuse
	return c
}

func alone(b *testing.B, path string, rows int) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r := stdcsv.NewReader(f)
	r.ReuseRecord = true
	n := -1
	for ; ; n++ {
		if _, err := r.Read(); err == io.EOF {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	if n != rows {
		b.Fatalf("%d rows", n)
	}
}

func fetched(b *testing.B, s connectors.Source, since directory.Cursor, put func(*directory.Record) error) directory.Cursor {
	receipt, err := s.Fetch(context.Background(), since, put)
	if err != nil {
		b.Fatal(err)
	}
	return receipt.Next
}

func million(b *testing.B, rows int) string {
	path := filepath.Join(b.TempDir(), "people.csv")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,email,name,active,groups,department")
	for i := range rows {
		fmt.Fprintf(w, "%07d,person.%07d@example.com,Given%d Family%d,yes,Team %d;Site %d,Department %d\n", i, i, i%1000, i, i%450, i%50, i%30)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	old := time.Now().Add(-time.Minute)
	if err := os.Chtimes(path, old, old); err != nil {
		b.Fatal(err)
	}
	return path
}

// processors is the time that they have spent on this process.
func processors(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
