package daemon

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// logged keeps the lines of a log.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

func (l *logged) since(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[n:]
}

// Kisi is down for hours: the daemon asks ever more rarely, says little about it, and does by itself what is to be done once Kisi is back.
func TestWhileKisiIsLeftAloneTheDaemonIsQuietAndGoesOnByItself(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		log := &logged{}
		w.log = slog.New(slog.NewTextHandler(log, nil))
		w.start()
		w.pass(time.Hour)
		w.expect("ana", true)
		before := len(log.since(0))
		down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(500)})
		w.company.join("cem")
		w.kisi.ResetLog()
		w.pass(4 * time.Hour) // over the full run at three, too
		if lines := log.since(before); len(lines) > 45 {
			t.Errorf("%d lines in four hours, the last: %s", len(lines), strings.Join(lines[len(lines)-5:], ""))
		}
		if n := len(w.kisi.Requests()); n > 150 { // a call that fails is repeated some times
			t.Errorf("%d calls in four hours", n)
		}
		if s := w.status(); s.Failing == "" || s.Failures > 25 {
			t.Errorf("%+v", s)
		}
		down.Remove()
		w.until("cem is let in", 16*time.Minute, func() bool { return w.opens("cem") })
		w.pass(time.Minute)
		if s := w.status(); s.Failing != "" || s.Failures != 0 {
			t.Errorf("%+v", s)
		}
	}, "ana", "bo")
}

// Who leaves does not wait until Kisi may be asked again.
func TestALeaverDoesNotWaitWhileKisiIsLeftAlone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(500)})
		w.company.join("cem")
		w.pass(40 * time.Minute)
		down.Remove()
		w.company.disable("ana")
		took := w.until("ana is suspended", 3*time.Minute, func() bool { return !w.opens("ana") })
		t.Logf("a leaver waited %s", took)
	}, "ana", "bo")
}

// Whoever is paged must see that somebody waits, from the first read that knows of it until it is done: while a run tries, while the circuit
// rests, and in between.
func TestALeaverWhomKisiCannotBeToldOfIsSeenToWaitAllTheTime(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(time.Minute)
		down := w.kisi.Inject(kisisim.Fault{Count: kisisim.Always, Do: kisisim.Status(503)}) // which is tried for minutes
		w.company.disable("ana")
		w.pass(90 * time.Second)
		tries := 0
		for range 200 {
			s := w.status()
			if s.UnderWay != nil {
				tries++
			}
			if !s.LeaversWait {
				t.Fatalf("at %s nobody is seen to wait: %+v", w.now().Format(time.TimeOnly), s)
			}
			w.pass(7 * time.Second)
		}
		if tries < 20 || tries == 200 {
			t.Errorf("%d of 200 looks found a run that tries: both must be seen", tries)
		}
		down.Remove()
		w.until("ana is suspended", 16*time.Minute, func() bool { return !w.opens("ana") })
		w.pass(time.Minute)
		w.expect("ana", false)
		if w.status().LeaversWait {
			t.Error("somebody still waits")
		}
	}, "ana", "bo")
}
