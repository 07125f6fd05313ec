//go:build unix

package bench

import (
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// BenchmarkIdle is what the daemon does every minute while nothing happens: it asks a directory of 100,000 people and 500,000
// memberships (slapd over LDAPS) what changed, keeps the position, and sees that there is nothing to do. Reported: processor time of this
// process and how long it takes, for one tick; calls to Kisi; and what the process holds in memory.
func BenchmarkIdle(b *testing.B) {
	s := slapd.Start(b, slapd.Options{Load: slapd.Population{People: 100_000, Groups: 2_000, Members: 250, Nested: 10}.Write})
	e, calls := idleEngine(b, s)
	if _, err := e.Intake(b.Context(), "corp", true); err != nil {
		b.Fatal(err)
	}
	if _, err := e.Intake(b.Context(), "corp", false); err != nil { // slapd may tell the same once more
		b.Fatal(err)
	}
	runtime.GC()
	debug.FreeOSMemory()
	held := resident(b, "VmRSS")
	var cpu time.Duration
	for b.Loop() {
		began := processor(b)
		news, err := e.Intake(b.Context(), "corp", false)
		if err != nil || news.Changed {
			b.Fatal(news, err)
		}
		cpu += processor(b) - began
	}
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "ms-cpu/tick")
	b.ReportMetric(float64(calls.Load()), "calls")
	b.ReportMetric(float64(held)/1024, "MB-held")
}

func idleEngine(b *testing.B, s *slapd.Server) (*engine.Engine, *atomic.Int64) {
	calls := &atomic.Int64{}
	sim := kisisim.Acme(kisisim.Options{})
	client, err := kisi.New(kisi.Options{URL: "http://127.0.0.1", Key: func() (secret.String, error) { return secret.New(sim.Key), nil },
		Pace: pacer.Options{Base: counting{sim.Transport(), calls}}})
	if err != nil {
		b.Fatal(err)
	}
	st, err := store.Open(filepath.Join(b.TempDir(), "store.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := st.Close(); err != nil {
			b.Error(err)
		}
	})
	return engine.New(engine.Options{
		Sources: []engine.Source{{Name: "corp", ID: "corp", Source: openLDAP(b, s)}}, Rules: compile(b, size{people: 100_000, groups: 10, per: 1}),
		Policy: plan.Policy{Installation: "bench", Managed: true}, Target: kisi.NewTarget(client), Store: st, Now: time.Now,
		Log: slog.New(slog.DiscardHandler),
	}), calls
}

// counting counts calls on their way.
type counting struct {
	http.RoundTripper
	calls *atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// processor returns the processor time that this process has used (getrusage(2)).
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(fmt.Errorf("getrusage: %w", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
