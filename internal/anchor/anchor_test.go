package anchor

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// trail is a trail in memory.
type trail struct {
	head record.Head
	last map[string]record.Anchor
}

func newTrail(n uint64) *trail {
	return &trail{record.Head{Number: n, Digest: bytes.Repeat([]byte{byte(n)}, 32)}, map[string]record.Anchor{}}
}

func (t *trail) AuditHead(context.Context) (record.Head, error) { return t.head, nil }
func (t *trail) Anchored(_ context.Context, place string) (record.Anchor, error) {
	return t.last[place], nil
}
func (t *trail) SaveAnchored(_ context.Context, place string, a record.Anchor) error {
	t.last[place] = a
	return nil
}

func noon() time.Time { return time.Date(2026, 3, 31, 12, 0, 0, 99, time.UTC) }

func keeper(t *trail, places ...Place) *Keeper {
	return &Keeper{Installation: "berlin-1", Places: places, Trail: t, Now: noon}
}

func anchors(t *testing.T, text string) []record.Anchor {
	t.Helper()
	all, err := record.ReadAnchors(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAFileGetsALineForEachHeadAndNoneTwice(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "heads")
	for _, n := range []uint64{3, 3, 5} {
		tr := newTrail(n)
		if old, err := os.ReadFile(path); err == nil {
			all := anchors(t, string(old))
			tr.last[path] = all[len(all)-1]
		}
		if err := keeper(tr, File{path}).Keep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	all := anchors(t, string(text))
	if err != nil || len(all) != 2 || all[0].Head.Number != 3 || all[1].String() != "2026-03-31T12:00:00Z berlin-1 5:"+strings.Repeat("05", 32) ||
		string(text) != all[0].String()+"\n"+all[1].String()+"\n" {
		t.Errorf("%s%v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Error(info.Mode(), err)
	}
	empty := newTrail(0)
	if err := keeper(empty, File{path}).Keep(ctx); err != nil || len(empty.last) > 0 {
		t.Error(err, empty.last)
	}
}

func TestAPlaceThatFailsIsNamedAndTriedAgainAndTheOthersHaveTheHead(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	gone, good := File{filepath.Join(dir, "no", "heads")}, File{filepath.Join(dir, "heads")}
	tr := newTrail(3)
	k := keeper(tr, gone, good)
	if err := k.Keep(ctx); err == nil || !strings.Contains(err.Error(), gone.Path) || tr.last[good.Path].Head.Number != 3 || len(tr.last) != 1 {
		t.Errorf("%v %v", err, tr.last)
	}
	if err := os.Mkdir(filepath.Dir(gone.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := k.Keep(ctx); err != nil || tr.last[gone.Path].Head.Number != 3 {
		t.Errorf("%v %v", err, tr.last)
	}
}

func TestASyslogServerGetsAMessageThatHoldsTheAnchor(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := keeper(newTrail(7), Syslog{Address: syslog.Address{Network: "udp", Host: l.LocalAddr().String()}}).Keep(context.Background()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2048)
	_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := l.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b[:n])
	if all := anchors(t, "Mar 31 14:00:00 log "+text); len(all) != 1 || all[0].Head.Number != 7 || all[0].Installation != "berlin-1" ||
		!strings.HasPrefix(text, "<109>1 2026-03-31T12:00:00.000000Z ") || !strings.Contains(text, " kisi-sync ") || !strings.Contains(text, " audit-head - ") {
		t.Errorf("%q", text)
	}
}

// hanging is a place on a server that is gone; it answers when it is let.
type hanging struct {
	let  chan error
	puts atomic.Int32
}

func (h *hanging) String() string { return "hanging" }
func (h *hanging) Put(context.Context, record.Anchor) error {
	h.puts.Add(1)
	return <-h.let
}

func TestAPlaceThatHangsHoldsUpNobodyAndIsGivenNothingMoreUntilItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, tr, begin := &hanging{let: make(chan error, 1)}, newTrail(3), time.Now()
		k := keeper(tr, h)
		good := File{filepath.Join(t.TempDir(), "heads")}
		k.Places = append(k.Places, good)
		for n := range 3 {
			err := k.Keep(context.Background())
			if first := errors.Is(err, context.DeadlineExceeded); first != (n == 0) || !first && !errors.Is(err, errHangs) {
				t.Error(err)
			}
			if tr.last[good.Path].Head.Number != 3 {
				t.Error("the other place has to wait")
			}
		}
		if took := time.Since(begin); took > atMost || h.puts.Load() != 1 {
			t.Errorf("%s, given %d times", took, h.puts.Load())
		}
		h.let <- errors.New("stale file handle")
		synctest.Wait()
		h.let <- nil
		if err := k.Keep(context.Background()); err != nil || tr.last["hanging"].Head.Number != 3 || h.puts.Load() != 2 {
			t.Errorf("%v %v, given %d times", err, tr.last, h.puts.Load())
		}
	})
}
