//go:build unix

package killtest

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
)

// gated says that the kernel asks before each write, so that a process can be ended at an exact one. Where it does not (another system,
// a sandbox without seccomp), the number of the last commit is read from the state file again and again, and a process is ended
// when that has become large enough: real kills too, at commits that vary by one or two.
func gated(t *testing.T) bool {
	t.Helper()
	_, err := version(t, launching{Gated: true})
	if err != nil {
		t.Logf("writes to the state file cannot be held (%v): its commits are watched instead", err)
	}
	return err == nil
}

// version runs kisi-sync version in a way that may not be possible here.
func version(t *testing.T, l launching) (*process, error) {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	p, err := w.tries(l, &gate{}, "version")
	if err != nil {
		return nil, err
	}
	<-p.ended
	return p, <-p.watched
}

// lastCommit reads the number of the last commit out of the two meta pages of a state file; 0 when there is none.
func lastCommit(path string) uint64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	var last uint64
	for page := range 2 {
		last = max(last, commitOf(f, int64(page*os.Getpagesize())))
	}
	return last
}

// commitOf reads a meta page of bbolt: a header of 16 bytes, four numbers of 4, the root bucket of 16, and three numbers of 8, the last
// of which is that of the commit.
func commitOf(f io.ReaderAt, at int64) uint64 {
	page := make([]byte, 80)
	if _, err := f.ReadAt(page, at); err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	const magic = 0xED0CDAED
	if binary.NativeEndian.Uint32(page[16:]) != magic {
		return 0
	}
	return binary.NativeEndian.Uint64(page[64:])
}

// killAtCommit ends a process as soon as its state file has had so many more commits; it returns how many there were.
func (w *world) killAtCommit(p *process, begin uint64, more int) int {
	for {
		select {
		case <-p.ended:
			return int(lastCommit(w.state()) - begin)
		default:
		}
		if lastCommit(w.state()) >= begin+uint64(more) {
			p.kill()
			return int(lastCommit(w.state()) - begin)
		}
		runtime.Gosched()
	}
}
