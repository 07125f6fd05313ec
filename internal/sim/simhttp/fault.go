package simhttp

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is something that goes wrong, and where. Faults are counted by the calls that match them, so the same test meets them at the
// same place every time; calls that run side by side match in the order in which they arrive.
//
// Go's HTTP client silently repeats a GET whose kept-alive connection dies before the first byte: a dropped GET may match twice.
type Fault struct {
	Pattern string            // as given to Handle; "" matches every call
	Where   func(c Call) bool // a further condition; nil for none. Status and Faults are not set; it must not call the Front
	Nth     int               // the first matching call that is hit, counted from 1; 0 means 1
	Count   int               // how many in a row are hit; 0 means 1, Always means all from Nth on
	Do      Action
}

// Always is the Count of a fault that does not end.
const Always = -1

// Injection is a fault at work.
type Injection struct {
	front         *Front
	fault         Fault
	matched, hits int
}

// Inject sets a fault to work. Several may hit one call; they act in the order of injection.
func (f *Front) Inject(fault Fault) *Injection {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := &Injection{front: f, fault: fault}
	f.faults = append(f.faults, in)
	return in
}

// Hits returns how many calls the fault has hit. A test whose fault hit nothing has tested nothing.
func (i *Injection) Hits() int {
	i.front.mu.Lock()
	defer i.front.mu.Unlock()
	return i.hits
}

// Remove ends the fault.
func (i *Injection) Remove() {
	i.front.mu.Lock()
	defer i.front.mu.Unlock()
	i.front.faults = slices.DeleteFunc(i.front.faults, func(other *Injection) bool { return other == i })
}

// matching counts a call against every fault and returns the actions that are due. The lock is held.
func (f *Front) matching(x *exchange) []Action {
	var due []Action
	for _, in := range f.faults {
		if in.fault.Pattern != "" && in.fault.Pattern != x.call.Pattern || in.fault.Where != nil && !in.fault.Where(x.call) {
			continue
		}
		in.matched++
		nth := max(in.fault.Nth, 1)
		if in.matched < nth || in.fault.Count != Always && in.matched >= nth+max(in.fault.Count, 1) {
			continue
		}
		in.hits++
		due = append(due, in.fault.Do)
		x.call.Faults = append(x.call.Faults, in.fault.Do.name)
	}
	return due
}

// Action is what a fault does to a call: before the handlers see it, so that nothing is done; or after, so that it is done and the
// answer is spoilt.
type Action struct {
	name          string
	before, after func(*exchange)
}

// String returns the name under which the log mentions the action.
func (a Action) String() string { return a.name }

// Answer answers in place of the handlers. The body is JSON when it begins with a brace, else a page.
func Answer(status int, body string, header http.Header) Action {
	return Action{name: "answer " + strconv.Itoa(status), before: func(x *exchange) { x.replace(status, body, header) }}
}

// Later answers with a status and tells the client to come back after some seconds; with 0 it does not say when.
func Later(status, seconds int) Action {
	header := http.Header{}
	if seconds > 0 {
		header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return Answer(status, "", header)
}

// LoginPage answers 200 with a page for people, as a proxy or a captive portal does.
func LoginPage() Action {
	a := Answer(http.StatusOK, "<!doctype html><title>Sign in</title><form><input name=password></form>", nil)
	a.name = "login page"
	return a
}

// Drop lets the handlers do their work and cuts the connection before the answer.
func Drop() Action { return Action{name: "drop", after: func(x *exchange) { x.keep = 0 }} }

// Cut sends half of the answer and cuts the connection.
func Cut() Action { return Action{name: "cut", after: func(x *exchange) { x.keep = x.body.Len() / 2 }} }

// Half sends half of the answer as if it were all of it: its length fits, its JSON does not.
func Half() Action {
	return Action{name: "half", after: func(x *exchange) { x.body.Truncate(x.body.Len() / 2) }}
}

// Rewrite changes the body of the answer. name stands in the log.
func Rewrite(name string, change func([]byte) []byte) Action {
	return Action{name: name, after: func(x *exchange) {
		changed := change(slices.Clone(x.body.Bytes()))
		x.body.Reset()
		x.body.Write(changed)
	}}
}

// Do calls what it is given before the handlers see the call, which goes on then: for what happens in the middle of a read.
func Do(name string, what func()) Action {
	return Action{name: name, before: func(*exchange) { what() }}
}

// Slow keeps the call waiting for d besides the latency, or until the client gives up.
func Slow(d time.Duration) Action {
	return Action{name: "slow", before: func(x *exchange) {
		if !wait(x.request, d) {
			panic(http.ErrAbortHandler)
		}
	}}
}

// Hang keeps the call waiting until the client gives up.
func Hang() Action {
	return Action{name: "hang", before: func(x *exchange) {
		<-x.request.Context().Done()
		panic(http.ErrAbortHandler)
	}}
}

func (x *exchange) replace(status int, body string, header http.Header) {
	x.answered, x.status = true, status
	x.header = header.Clone()
	if x.header == nil {
		x.header = http.Header{}
	}
	if x.header.Get("Content-Type") == "" {
		kind := "text/html; charset=utf-8"
		if len(body) > 0 && body[0] == '{' {
			kind = "application/json; charset=UTF-8"
		}
		x.header.Set("Content-Type", kind)
	}
	x.body.Reset()
	x.body.WriteString(body)
}
