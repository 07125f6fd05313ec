package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/scimpeer"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// BenchmarkPush pushes to a source over HTTP, side by side, each push acknowledged when it is on the disk: users that are made, and one attribute of
// users that are there. Reported: pushes a second, and the time within which 99 of 100 are acknowledged. Clients and server share the cores.
func BenchmarkPush(b *testing.B) {
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("create/clients-%d", clients), func(b *testing.B) {
			p := newPushed(b)
			p.measure(b, clients, func(i int) { p.create(b, i) })
		})
		b.Run(fmt.Sprintf("patch/clients-%d", clients), func(b *testing.B) {
			p := newPushed(b)
			ids := make([]string, 1000)
			p.each(len(ids), 32, func(i int) { ids[i] = p.create(b, i) })
			p.measure(b, clients, func(i int) {
				p.send(b, "PATCH", "/Users/"+ids[i%len(ids)], fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"title","value":"T%d"}]}`, i))
			})
		})
	}
}

// BenchmarkPushAgainstScimmy pushes the same new users to a source, which has them on the disk when it answers, and to a scimmy, which only has
// them in memory, in turn. Reported: pushes a second of both, and ours as a multiple of scimmy's.
func BenchmarkPushAgainstScimmy(b *testing.B) {
	peer := scimpeer.Start(b)
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("clients-%d", clients), func(b *testing.B) {
			ours := newPushed(b)
			theirs := &pushed{url: peer.URL, token: scimpeer.Token + fmt.Sprint(clients), client: ours.client}
			const block = 500
			took := map[*pushed]time.Duration{}
			done := 0
			for b.Loop() {
				for _, p := range []*pushed{ours, theirs} {
					began := time.Now()
					p.each(block, clients, func(i int) { p.create(b, done*block+i) })
					took[p] += time.Since(began)
				}
				done++
			}
			rate := func(p *pushed) float64 { return float64(done*block) / took[p].Seconds() }
			b.ReportMetric(rate(ours), "pushes/s")
			b.ReportMetric(rate(theirs), "pushes/s-scimmy")
			b.ReportMetric(rate(ours)/rate(theirs), "x-scimmy")
		})
	}
}

// BenchmarkHeld pushes 100,000 users and 500 groups of 200, and reports what they cost: the memory that stays, the file, a lookup by name, a page
// of a search that reads everybody, and what the source hands on in full and after one more push.
func BenchmarkHeld(b *testing.B) {
	const people, groups, members = 100_000, 500, 200
	p := newPushed(b)
	before := settledHeap()
	began := time.Now()
	ids := make([]string, people)
	p.each(people, 32, func(i int) { ids[i] = p.create(b, i) })
	p.each(groups, 8, func(g int) {
		var all []map[string]string
		for m := range members {
			all = append(all, map[string]string{"value": ids[(g*members+m)%people]})
		}
		body, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": fmt.Sprint("Group ", g), "members": all})
		if err != nil {
			b.Error(err)
		}
		p.send(b, "POST", "/Groups", string(body))
	})
	took := time.Since(began)
	for b.Loop() {
		b.ReportMetric(timed(func() { p.send(b, "GET", `/Users?filter=userName+eq+%22u77777@example.com%22`, "") }), "ms-by-name")
		b.ReportMetric(timed(func() { p.send(b, "GET", `/Users?filter=title+co+%22nobody%22`, "") }), "ms-search-all")
		b.ReportMetric(timed(func() { p.send(b, "GET", `/Users?startIndex=90001&count=100`, "") }), "ms-page-of-all")
		var receipt directory.Receipt
		b.ReportMetric(timed(func() { receipt = p.fetch(b, directory.Cursor{}) }), "ms-read-in-full")
		p.send(b, "PATCH", "/Users/"+ids[5], `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":false}]}`)
		b.ReportMetric(timed(func() { p.fetch(b, receipt.Next) }), "ms-read-change")
	}
	b.ReportMetric(float64(people+groups)/took.Seconds(), "pushes/s")
	b.ReportMetric(float64(settledHeap()-before)/(1<<20), "MB-heap-added")
	info, err := os.Stat(p.file)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/(1<<20), "MB-file")
}

func timed(do func()) float64 {
	began := time.Now()
	do()
	return float64(time.Since(began).Microseconds()) / 1000
}

func settledHeap() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// pushed is a source with a real store behind a real port.
type pushed struct {
	source connectors.Source
	file   string
	url    string
	token  string
	client *http.Client
}

func newPushed(b *testing.B) *pushed {
	file := filepath.Join(b.TempDir(), "state.db")
	st, err := store.Open(file, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	docs := st.Shelves("okta")
	settings := scim.New().(*scim.Settings)
	settings.People.Email, settings.Rate = "emails", 1_000_000
	p := &pushed{file: file, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	if p.source, err = settings.Open(connectors.Env{Name: "okta", Docs: docs, Now: time.Now, Log: slog.New(slog.DiscardHandler)}); err != nil {
		b.Fatal(err)
	}
	if _, p.token, err = scim.NewToken(b.Context(), docs, scim.Token{Created: time.Now()}); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(p.source.(connectors.Listener).Handle("", "/scim/okta/v2"))
	p.url = server.URL + "/scim/okta/v2"
	b.Cleanup(func() {
		p.client.CloseIdleConnections()
		server.Close()
		if err := st.Close(); err != nil {
			b.Error(err)
		}
	})
	return p
}

func (p *pushed) send(b *testing.B, method, path, body string) (id string) {
	req, err := http.NewRequest(method, p.url+path, bytes.NewBufferString(body))
	if err != nil {
		b.Error(err)
		return ""
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := p.client.Do(req)
	if err != nil {
		b.Error(err)
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	var made struct{ ID string }
	if err != nil || resp.StatusCode >= 300 || len(answer) > 0 && json.Unmarshal(answer, &made) != nil {
		b.Errorf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	return made.ID
}

func (p *pushed) create(b *testing.B, i int) string {
	return p.send(b, "POST", "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"00u%d",`+
		`"userName":"u%d@example.com","name":{"givenName":"Given %d","familyName":"Family"},"displayName":"Given %d Family","active":true,"title":"Engineer","emails":[{"primary":true,"type":"work","value":"u%d@example.com"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Department %d","employeeNumber":"%d"}}`, i, i, i, i, i, i%40, i))
}

func (p *pushed) fetch(b *testing.B, since directory.Cursor) directory.Receipt {
	r, err := p.source.Fetch(context.Background(), since, func(*directory.Record) error { return nil })
	if err != nil {
		b.Error(err)
	}
	return r
}

// each does n things, some at a time.
func (p *pushed) each(n, at int, do func(i int)) {
	next := make(chan int)
	var wait sync.WaitGroup
	for range at {
		wait.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

func (p *pushed) measure(b *testing.B, clients int, push func(i int)) {
	b.ResetTimer()
	rate, p99 := p.pace(b.N, clients, push)
	b.ReportMetric(rate, "pushes/s")
	b.ReportMetric(p99, "ms-p99")
}

// pace pushes n times, some at a time, and returns how many a second, and the milliseconds within which 99 of 100 were acknowledged.
func (p *pushed) pace(n, clients int, push func(i int)) (rate, p99 float64) {
	var mu sync.Mutex
	var took []time.Duration
	began := time.Now()
	p.each(n, clients, func(i int) {
		at := time.Now()
		push(i)
		d := time.Since(at)
		mu.Lock()
		took = append(took, d)
		mu.Unlock()
	})
	rate = float64(n) / time.Since(began).Seconds()
	slices.Sort(took)
	return rate, float64(took[len(took)*99/100].Microseconds()) / 1000
}
