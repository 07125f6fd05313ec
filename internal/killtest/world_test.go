//go:build unix

package killtest

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

// world is an organization in Kisi, served in this process, and the folder of an admin: configuration, two lists of people, the key and
// the state file.
type world struct {
	t     testing.TB
	dir   string
	kisi  *kisisim.Sim
	api   *kisisim.Server
	shift atomic.Int64 // how far the clock of the program is ahead
	lived atomic.Int64 // how far that of Kisi is, while it lives through its past again

	mu    sync.Mutex
	calls int      // of the process under way
	now   *process // the process under way
	on    func(c call)
	quiet chan struct{} // holds a token while no call is under way
}

// call is one request at one of its two moments: before Kisi has seen it, and when Kisi has done it and not yet answered.
type call struct {
	nth          int // of its process, from 1
	method, path string
	done         bool
}

const apiKey = "killtest-key"

// newWorld makes a world before anything was synchronized.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), quiet: make(chan struct{}, 1)}
	w.quiet <- struct{}{}
	w.kisi = kisisim.New(kisisim.Options{Organization: "Nordlicht", Domain: "nordlicht", Rate: rate(), Now: w.kisiTime,
		OnRequest: w.arrives, OnAnswer: w.answered})
	w.kisi.WantMail(func(m kisisim.Mail) bool { return m.Asked })
	furnish(w.kisi)
	var err error
	w.api, err = w.kisi.Start()
	w.must(err)
	t.Cleanup(w.api.Close)
	w.write("kisi-api-key", apiKey+"\n")
	return w
}

// rate is what Kisi allows in a second: with the program as it is shipped, what the real one does.
func rate() int {
	if *shipped {
		return 5
	}
	return -1
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) ahead() time.Duration { return time.Duration(w.shift.Load()) }

func (w *world) time() time.Time { return time.Now().Add(w.ahead()) }

// kisiTime is ahead as the program is: clocks that differ by an hour are trusted with nothing.
func (w *world) kisiTime() time.Time { return w.time().Add(time.Duration(w.lived.Load())) }

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	if *shipped {
		<-time.After(d)
		return
	}
	w.shift.Add(int64(d))
}

func (w *world) state() string { return filepath.Join(w.dir, "kisi-sync.db") }

// write writes a file as somebody would have done some time ago: a list that is just being written is waited for.
func (w *world) write(name, content string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	w.must(os.WriteFile(path, []byte(content), 0o600))
	past := time.Now().Add(-time.Hour)
	w.must(os.Chtimes(path, past, past))
}

// begin makes p the process whose calls are counted.
func (w *world) begin(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.now = 0, p
}

// watch has f called at both moments of each call of the next process; nil ends it.
func (w *world) watch(f func(call)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = f
}

// arrives and answered are called by the simulator.
func (w *world) arrives(method, path string) {
	<-w.quiet
	w.mu.Lock()
	w.calls++
	c, on := call{w.calls, method, path, false}, w.on
	w.mu.Unlock()
	if on != nil {
		on(c)
	}
}

func (w *world) answered(method, path string, _ int) {
	w.mu.Lock()
	c, on := call{w.calls, method, path, true}, w.on
	w.mu.Unlock()
	if on != nil {
		on(c)
	}
	w.quiet <- struct{}{}
}

// settled waits until a call that a process left behind is over.
func (w *world) settled() {
	<-w.quiet
	w.quiet <- struct{}{}
}

// made returns how many calls the last process made.
func (w *world) made() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// past is what led to the beginning of the story, to be had again without running it: the calls and the state file.
type past struct {
	calls []kisisim.Request
	files map[string][]byte
	ahead time.Duration
}

// remember writes down how a world came to be.
func (w *world) remember() past {
	w.t.Helper()
	p := past{calls: w.kisi.Writes(), files: map[string][]byte{}, ahead: w.ahead()}
	entries, err := os.ReadDir(w.dir)
	w.must(err)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(w.dir, e.Name()))
		w.must(err)
		p.files[e.Name()] = content
	}
	return p
}

// relive makes a world that has this past.
func (p past) relive(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	client := w.kisi.Client()
	for i, c := range p.calls {
		w.lived.Store(int64(time.Duration(i)*time.Second - time.Hour)) // never too fast for Kisi
		r, err := http.NewRequestWithContext(t.Context(), c.Method, "http://kisi"+c.Path, bytes.NewReader(c.Body))
		w.must(err)
		r.URL.RawQuery, r.Header = c.Query.Encode(), c.Header.Clone()
		r.Header.Set("Authorization", "KISI-LOGIN "+apiKey)
		answer, err := client.Do(r)
		w.must(err)
		w.must(answer.Body.Close())
		if answer.StatusCode >= http.StatusMultipleChoices {
			t.Fatalf("%s %s answers %d the second time", c.Method, c.Path, answer.StatusCode)
		}
	}
	w.lived.Store(0)
	w.shift.Store(int64(p.ahead))
	w.kisi.ResetLog()
	for name, content := range p.files {
		w.write(name, string(content))
	}
	w.point()
	return w
}

// point writes a configuration that leads to this world's Kisi.
func (w *world) point() {
	w.t.Helper()
	w.write("config.yaml", strings.ReplaceAll(w.read("config.in"), "KISI_URL", w.api.URL))
}

func (w *world) read(name string) string {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(w.dir, name))
	w.must(err)
	return string(content)
}
