package status

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/metrics"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func TestThatLinesOfTheLogWereLostIsOverAnHourAfterTheLastOne(t *testing.T) {
	told, at := &Telling{}, time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for _, s := range []struct {
		after time.Duration
		lost  uint64
		want  bool
	}{{0, 0, false}, {0, 3, true}, {50 * time.Minute, 3, true}, {0, 4, true}, {50 * time.Minute, 4, true}, {11 * time.Minute, 4, false}} {
		at = at.Add(s.after)
		if got := told.losing(s.lost, at); got != s.want {
			t.Errorf("%s later, %d lost: %v", s.after, s.lost, got)
		}
	}
}

// TestTheSumOfTheLastDayIsSentOnceThoughTheDaemonRestarts lets the daemon's own loop tell, with a file, a state file and a webhook.
func TestTheSumOfTheLastDayIsSentOnceThoughTheDaemonRestarts(t *testing.T) {
	posted := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted <- string(body)
	}))
	defer server.Close()
	settings := exampleWith(t, `notify: {about: [summary], summary_at: "00:00", webhook: {url: "`+server.URL+`", secret: {file: key}}}`)
	st, err := store.Open(settings.State, store.Options{Now: time.Now, Who: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	at := time.Now().In(settings.Schedule.Zone)
	noon := time.Date(at.Year(), at.Month(), at.Day()-1, 12, 0, 0, 0, at.Location())
	ctx := context.Background()
	if err := st.SaveRun(ctx, &record.Run{Began: noon, Ended: noon, Calls: 4, Steps: record.Steps{Done: 3}}); err != nil {
		t.Fatal(err)
	}
	healthy := &Daemon{Status: func(context.Context) (record.Status, error) { return record.Status{}, nil }, Calls: func() pacer.Stats { return pacer.Stats{} }}
	of := func() Of { return Of{Settings: settings, Store: st.Preview(), Daemon: healthy, Now: time.Now} }
	for range 2 { // two processes, one after the other
		told := &Telling{Of: of, Memory: st.Documents("(notify)"), Book: metrics.NewBook(metrics.Families()), Log: slog.New(slog.DiscardHandler)}
		for range 2 {
			if err := told.once(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(posted) != 1 {
		t.Fatalf("%d summaries", len(posted))
	}
	if got := <-posted; !strings.Contains(got, "1 run, 4 calls to Kisi: 3 done") {
		t.Error(got)
	}
}
