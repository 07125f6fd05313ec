package bench

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// BenchmarkFirstLoad loads 1,000 people with three groups each into an empty organization, at the pace that Kisi allows. It takes
// as long as it would take in life: about a quarter of an hour. Reported: calls made for each user and right written (an upper bound of
// calls made for each call needed, which are these and the reads of one whole observation, four of which count who else may open doors), the share of the rate that was used, and how often Kisi said 429.
func BenchmarkFirstLoad(b *testing.B) {
	for _, rate := range []float64{4, 5} {
		b.Run(fmt.Sprintf("rate%g", rate), func(b *testing.B) {
			for b.Loop() {
				firstLoad(b, 1000, 3, rate)
			}
		})
	}
}

func firstLoad(b *testing.B, people, groups int, rate float64) {
	sim := kisisim.Acme(kisisim.Options{})
	for g := range groups {
		sim.AddGroup(kisisim.GroupSpec{Name: fmt.Sprintf("kisi-%05d", g)})
	}
	server, err := sim.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	client, err := kisi.New(kisi.Options{URL: server.URL, Key: func() (secret.String, error) { return secret.New(sim.Key), nil }, Pace: pacer.Options{Rate: rate}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	st, err := store.Open(filepath.Join(b.TempDir(), "store.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	s := size{people: people, groups: groups, per: groups}
	e := engine.New(engine.Options{
		Sources: []engine.Source{{Name: "corp", ID: "corp", Source: &company{b: b, size: s}}}, Rules: compile(b, s),
		Policy: plan.Policy{Installation: "bench", Managed: true}, Limits: plan.Limits{Window: time.Hour, Grants: people},
		Target: kisi.NewTarget(client), Store: st, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if _, err := e.Intake(b.Context(), "corp", true); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	run, err := e.Reconcile(b.Context(), true, nil)
	if err != nil || run.Steps.Done != people*(1+groups) {
		b.Fatalf("%+v: %v", run.Steps, err)
	}
	report(b, sim, time.Since(began), rate, people*(1+groups))
}

func report(b *testing.B, sim *kisisim.Company, took time.Duration, rate float64, writes int) {
	if err := sim.Check(); err != nil {
		b.Fatal(err)
	}
	reads := 0
	for _, r := range sim.Requests() {
		if r.Method == "GET" {
			reads++
		}
	}
	c := sim.Counts()
	b.ReportMetric(float64(c.Requests)/float64(writes), "calls/write") // no less than calls made for each call needed: it takes every read for needless
	b.ReportMetric(float64(reads), "reads")
	b.ReportMetric(float64(c.Requests)/took.Seconds()/rate, "share-of-rate")
	b.ReportMetric(float64(c.TooMany), "429s")
	b.ReportMetric(took.Seconds(), "s")
}
