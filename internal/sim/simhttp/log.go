package simhttp

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// Call is one line of the log.
type Call struct {
	Serial  int // 1 for the first call that the Front ever saw
	Method  string
	Path    string
	Pattern string // of Handle: "GET /users/{id}"; "" when there is none that fits
	Query   url.Values
	Header  http.Header // without Authorization
	Body    []byte
	Status  int      // as the handlers or a fault said it; 0 when the connection was cut before
	Faults  []string // names of the actions that touched it
}

// keep bounds the memory of a simulator that is kept running: the older half of the log is forgotten beyond it.
const keep = 1 << 16

// leave notes how the call ended.
func (f *Front) leave(x *exchange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	if x.call.Status = x.status; x.keep == 0 {
		x.call.Status = 0
	}
	if len(f.log) >= keep {
		f.log = slices.Clone(f.log[keep/2:])
	}
	f.log = append(f.log, x.call)
	f.counts[x.call.Pattern]++
}

// Calls returns the log in the order in which calls ended. The slice is the caller's; what it points to must not be changed.
func (f *Front) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

// Count returns how many calls ended since the last Forget that fitted the pattern; with "", of all patterns together.
func (f *Front) Count(pattern string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if pattern != "" {
		return f.counts[pattern]
	}
	sum := 0
	for _, n := range f.counts {
		sum += n
	}
	return sum
}

// Counts returns how many calls ended since the last Forget, by pattern.
func (f *Front) Counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.counts)
}

// Most returns how many calls were under way at a time, at most, since the last Forget.
func (f *Front) Most() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// Forget empties log, counts and Most, so that a test can look at what comes alone. Faults, latency and complaints stay.
func (f *Front) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log, f.counts, f.most = nil, map[string]int{}, f.busy
}
