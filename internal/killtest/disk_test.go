//go:build unix

package killtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAFullDiskStopsTheRunBeforeTheNextCall lets the disk be full from any commit on, or broken: what cannot be written down is not
// done, and what was done and could not be written down is found by the next run that can write.
func TestAFullDiskStopsTheRunBeforeTheNextCall(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if len(s.places) == 0 {
		return // TestAFileThatMayNotGrowStopsTheRunBeforeTheNextCall does without
	}
	for _, p := range s.places {
		switch {
		case !sparsely(p.commit):
		case p.kind == data && p.nth == 1:
			s.unwritable(t, p, syscall.ENOSPC)
		case p.kind == syncing && p.commit%6 == 0, p.kind == meta && p.commit%6 == 3:
			s.unwritable(t, p, syscall.EIO)
		}
	}
}

// unwritable fails every write from there on.
func (s *stage) unwritable(t *testing.T, from place, why syscall.Errno) {
	t.Run(fmt.Sprintf("%v %v", why, from), func(t *testing.T) {
		t.Parallel()
		w := s.past.relive(t)
		made, full := 0, false
		g := &gate{at: func(p place) verdict {
			if p == from {
				made, full = w.made(), true
			}
			if full {
				return verdict(why)
			}
			return pass
		}}
		p := w.start(launching{Gated: true}, g, "sync")
		if code := p.wait(); code != 1 {
			t.Errorf("ends with %d, want 1", code)
		}
		if n := w.made(); n > made {
			t.Errorf("made %d calls after what it could not write", n-made)
		}
		w.saidUnwritable(p, why.Error())
		s.recovers(w, "could not write")
	})
}

// saidUnwritable expects that a run said what it could not write, and why, and what to do.
func (w *world) saidUnwritable(p *process, why string) {
	w.t.Helper()
	p.said("state file "+w.state(), why, "hint: ")
	if strings.Contains(p.out.String(), "what was done is written down;") {
		w.t.Errorf("says that what was done is written down:\n%s", &p.out)
	}
}

// TestAFileThatMayNotGrowStopsTheRunBeforeTheNextCall has the system refuse what is beyond a size, as anybody may ask of it: it sends
// SIGXFSZ too, which must not end the program without a word.
func TestAFileThatMayNotGrowStopsTheRunBeforeTheNextCall(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("processes are prepared by the launcher for Linux")
	}
	s := newStage(t)
	size := uint64(len(s.past.files["kisi-sync.db"]))
	limits := []uint64{1, size / 8, size / 4, size / 3, size / 2, size * 3 / 4, size}
	for _, limit := range limits {
		t.Run(fmt.Sprintf("%d of %d bytes", limit, size), func(t *testing.T) {
			t.Parallel()
			w := s.past.relive(t)
			p := w.start(launching{FileSize: limit}, nil, "sync")
			switch code := p.wait(); {
			case code == 1:
				w.saidUnwritable(p, "file too large")
			case code != 0 || limit < size: // what is free within the file may be enough
				t.Errorf("ends with %d:\n%s", code, &p.out)
			}
			s.recovers(w, "could not write")
		})
	}
}

// TestAFullFileSystemStopsTheRunBeforeTheNextCall begins with a small file system around the state file. Only root may make one; the
// tests above need no root.
func TestAFullFileSystemStopsTheRunBeforeTheNextCall(t *testing.T) {
	t.Parallel()
	undisturbed := first(t)
	undisturbed.runs(0, "sync")
	w := first(t)
	w.must(os.Mkdir(filepath.Join(w.dir, "small"), 0o700))
	if err := mountSmall(w, filepath.Join(w.dir, "small"), 1<<20); err != nil {
		t.Logf("no file system of its own (%v): that the disk is full is only told to the program, by the tests beside this one", err)
	}
	w.write("config.yaml", w.read("config.yaml")+"state: small/kisi-sync.db\n")
	for room := 16 << 10; room < 256<<10; room += 16 << 10 {
		fill(w, room)
		p := w.start(launching{}, nil, "sync")
		if p.wait() == 0 {
			break
		}
		p.said("state file "+filepath.Join(w.dir, "small"), "no space left on device", "hint: ")
		w.pass(settleAfter)
	}
	w.must(os.RemoveAll(filepath.Join(w.dir, "small", "filler")))
	w.pass(settleAfter)
	w.runs(0, "sync")
	w.runs(0, "plan")
	if diff := cmp.Diff(undisturbed.kisi.World(), w.kisi.World()); diff != "" {
		t.Error(diff)
	}
	w.kisi.CheckT(t)
}

// fill leaves so much room on the small file system.
func fill(w *world, room int) {
	w.t.Helper()
	f, err := os.Create(filepath.Join(w.dir, "small", "filler"))
	w.must(err)
	defer func() { w.must(f.Close()) }()
	size, block := 0, make([]byte, 4096)
	for err == nil && size < 1<<20 {
		var n int
		n, err = f.Write(block)
		size += n
	}
	w.must(f.Truncate(int64(max(0, size-room))))
}

// TestAStateFileThatMayNotBeWrittenIsSaidBeforeAnyCall takes away the right to write the file, and the right to make one in its folder.
// Root has all rights, so then the program runs as nobody.
func TestAStateFileThatMayNotBeWrittenIsSaidBeforeAnyCall(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, c := range []struct {
		name string
		take func(w *world) error
	}{
		{"the file", func(w *world) error { return os.Chmod(w.state(), 0o400) }},
		{"the folder of a new file", func(w *world) error { return errors.Join(os.Remove(w.state()), os.Chmod(w.dir, 0o500)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.past.relive(t)
			before := w.read("kisi-sync.db")
			who, back := w.handOver()
			w.must(c.take(w))
			p := w.runsAs(who, 1, "sync")
			p.said("error: state file "+w.state(), "permission denied", "hint: kisi-sync remembers there what is its own: let its account write the file and its folder")
			if n := w.made(); n != 0 {
				t.Errorf("made %d calls", n)
			}
			back()
			w.write("kisi-sync.db", before)
			s.recovers(w, "could not write")
		})
	}
}

// TestATornFileIsRefusedOrOpenedAtTheLastCommit leaves the state file as a power cut may: without its last pages, with pages of zeros, or
// with a meta page that was written in part. Either the commit before is what counts, or the file is refused; it is never
// taken for a new one.
func TestATornFileIsRefusedOrOpenedAtTheLastCommit(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	whole := s.past.files["kisi-sync.db"]
	page := os.Getpagesize()
	torn := map[string][]byte{"empty": {}, "one byte": whole[:1], "one page": whole[:page], "two pages": whole[:2*page], "zeros": make([]byte, len(whole))}
	for _, lost := range []int{1, page / 2, page, 2 * page, len(whole) / 4, len(whole) / 2, len(whole) * 3 / 4} {
		torn[fmt.Sprintf("the last %d bytes are lost", lost)] = whole[:len(whole)-lost]
		torn[fmt.Sprintf("the last %d bytes are zeros", lost)] = append(slices.Clone(whole[:len(whole)-lost]), make([]byte, lost)...)
	}
	for n := range 2 {
		for _, part := range []int{64, 72, page} { // the number of the commit without its sum, and so on
			torn[fmt.Sprintf("meta page %d from byte %d is of nothing", n, part)] = patched(whole, n*page+part%page, make([]byte, page-part%page))
		}
	}
	torn["both meta pages are torn"] = patched(patched(whole, 72, make([]byte, 8)), page+72, make([]byte, 8))
	for name, content := range torn {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.opensTorn(t, content)
		})
	}
}

func patched(whole []byte, at int, with []byte) []byte {
	out := slices.Clone(whole)
	copy(out[at:], with)
	return out
}

func (s *stage) opensTorn(t *testing.T, content []byte) {
	w := s.past.relive(t)
	w.write("kisi-sync.db", string(content))
	p := w.start(launching{}, nil, "sync")
	switch p.wait() {
	case 0:
		s.same(w)
	case 1:
		p.said("error: state file "+w.state(), "damaged", "state restore")
		if n := len(w.kisi.Writes()); n > 0 {
			t.Errorf("made %d writes", n)
		}
	default:
		t.Errorf("ends with %d:\n%s", p.cmd.ProcessState.ExitCode(), &p.out)
	}
}
