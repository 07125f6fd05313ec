package kisisim

import (
	"net/http"
	"slices"
)

// Fault is something that goes wrong, and where. Faults are counted by the requests that match them, so the same test
// meets them at the same place every time. Requests refused by the rate limit match nothing.
//
// Go's HTTP client silently repeats a GET whose kept-alive connection dies before the first byte; a cut GET may
// therefore match twice for one call of the client.
type Fault struct {
	Method string             // "" matches every method
	Path   string             // template, "/users/{id}"; "" matches every path
	Where  func(Request) bool // a further condition; nil for none. Status and Faults are not set. It must not call the Sim
	Nth    int                // the first matching request that is hit, counted from 1; 0 means 1
	Count  int                // how many in a row are hit; 0 means 1, Always means all from Nth on
	Do     Action
}

// Always is the Count of a fault that does not end.
const Always = -1

// Injection is a fault at work.
type Injection struct {
	sim     *Sim
	fault   Fault
	matched int
	hits    int
}

// Inject sets a fault to work. Several may hit one request; they act in the order of injection.
func (s *Sim) Inject(f Fault) *Injection {
	defer s.lock()()
	in := &Injection{sim: s, fault: f}
	s.faults = append(s.faults, in)
	return in
}

// Hits returns how many requests the fault has hit. A test whose fault hit nothing has tested nothing.
func (i *Injection) Hits() int {
	defer i.sim.lock()()
	return i.hits
}

// Remove ends the fault.
func (i *Injection) Remove() {
	defer i.sim.lock()()
	i.sim.faults = slices.DeleteFunc(i.sim.faults, func(other *Injection) bool { return other == i })
}

// matching counts x against every fault and returns the actions that are due.
func (s *Sim) matching(x *exchange) []Action {
	defer s.lock()()
	var due []Action
	for _, in := range s.faults {
		if !in.matches(x) {
			continue
		}
		in.matched++
		nth := max(in.fault.Nth, 1)
		if in.matched < nth || in.fault.Count != Always && in.matched >= nth+max(in.fault.Count, 1) {
			continue
		}
		in.hits++
		due = append(due, in.fault.Do)
		x.hits = append(x.hits, in.fault.Do.name)
	}
	return due
}

func (i *Injection) matches(x *exchange) bool {
	f := i.fault
	if f.Method != "" && f.Method != x.method || f.Path != "" && f.Path != x.template {
		return false
	}
	return f.Where == nil || f.Where(Request{
		Serial: x.serial, At: x.now, Method: x.method, Path: x.path, Template: x.template, Query: x.query.values,
		Header: x.header, Body: x.raw,
	})
}

// Action is what a fault does to a request. Some act before Kisi has seen it, so that nothing is changed; some after, so
// that the change is made but the answer spoilt.
type Action struct {
	name string
	pre  func(*exchange)
	post func(*exchange)
}

// String returns the name under which the request log mentions the action.
func (a Action) String() string { return a.name }

func (a Action) ahead(x *exchange) {
	if a.pre != nil {
		a.pre(x)
	}
}

func (a Action) behind(x *exchange) {
	if a.post != nil {
		a.post(x)
	}
}

// All does several things to one request, in order.
func All(actions ...Action) Action {
	all := Action{
		pre: func(x *exchange) {
			for _, a := range actions {
				a.ahead(x)
			}
		},
		post: func(x *exchange) {
			for _, a := range actions {
				a.behind(x)
			}
		},
	}
	for i, a := range actions {
		if i > 0 {
			all.name += ", "
		}
		all.name += a.name
	}
	return all
}

func (x *exchange) answerWith(r response) {
	if r.header == nil {
		r.header = http.Header{}
	}
	x.res, x.answered = r, true
}
