package okta

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
)

func TestOfTheQuotaAShareIsLeftToOthers(t *testing.T) {
	const quota = 20
	o := newOrg(t, oktasim.Options{Quota: quota, Window: time.Second})
	sizes := make([]int, 15)
	o.crew(1, sizes...)
	source := o.open(o.settings(func(s *Settings) { s.Concurrency = 2 }))
	if _, err := source.Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if stats := source.client.transport.Stats(); stats.Limited != 0 || stats.Waited < 500*time.Millisecond || o.Count(oktasim.Members) != 15 {
		t.Errorf("%+v; %d calls", stats, o.Count(oktasim.Members))
	}
}

func TestTheQuotasHeadersAreReadAsOktaWritesThem(t *testing.T) {
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		limit, left string
		reset       int64 // from now
		others      int
		want        time.Duration // 0: do not wait
	}{
		{"600", "301", 30, 50, 0},
		{"600", "300", 30, 50, 31 * time.Second},
		{"600", "10", 30, 0, 0},
		{"600", "0", 30, 0, 31 * time.Second},
		{"600", "0", -5, 50, time.Second},
		{"600", "0", 86400, 50, 5 * time.Minute}, // nonsense
		{"0", "0", 0, 50, 0},                     // too many at a time: not the quota
		{"", "", 30, 50, 0},
	} {
		h := http.Header{"Date": {now.Format(http.TimeFormat)}, "X-Rate-Limit-Limit": {c.limit}, "X-Rate-Limit-Remaining": {c.left}, "X-Rate-Limit-Reset": {fmt.Sprint(now.Unix() + c.reset)}}
		if got, ok := (quota{c.others}).wait(&http.Response{Header: h}); got != c.want || ok != (c.want > 0) {
			t.Errorf("%+v: %v, %t", c, got, ok)
		}
	}
}

func TestTooManyCallsAtATimeAreFewerAfterwards(t *testing.T) {
	o := newOrg(t, oktasim.Options{Concurrent: 2})
	o.Latency(5 * time.Millisecond)
	sizes := make([]int, 30)
	o.crew(1, sizes...)
	source := o.open(o.settings(func(s *Settings) { s.Concurrency = 4 }))
	if _, err := source.Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if stats := source.client.transport.Stats(); stats.Limited == 0 || stats.Limited > 15 {
		t.Errorf("%+v", stats)
	}
}
