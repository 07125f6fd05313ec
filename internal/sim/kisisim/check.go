package kisisim

import (
	"errors"
	"fmt"
	"slices"
)

// Rule names what a careful client keeps to.
type Rule string

// What Check reports.
const (
	DuplicatePerson Rule = "duplicate person"      // two users whose addresses differ at most in case
	DuplicateGrant  Rule = "duplicate right"       // an API call gave a right to somebody who held one on the same thing
	ForeignTouched  Rule = "foreign object"        // an API call changed what was made by hand, or somebody out of bounds
	RoleGiven       Rule = "role given"            // an API call gave a role on a place or the organization; allowed where that is the subject
	Parallel        Rule = "requests in parallel"  // a request came before the last was answered
	OverRate        Rule = "too fast"              // the client alone went over the limit, or came before Retry-After
	OutOfBounds     Rule = "limit out of bounds"   // limit or offset beyond §1.4
	BadQuery        Rule = "unexpected query"      // parameters that the endpoint does not have, or that filter nothing
	BadShape        Rule = "unexpected shape"      // bodies or headers that the notes do not allow
	OutsideSet      Rule = "outside the endpoints" // a method and path that is not in the set
	UnaskedMail     Rule = "unasked mail"          // a mail that the test did not declare wanted
)

// Violation is something that a careful client would not have done.
type Violation struct {
	Rule    Rule
	Request int // serial of the request; 0 for what Check found in the end state
	Method  string
	Path    string
	What    string
	To, On  Ref // who was given a second right on what; zero unless Rule is DuplicateGrant
}

// String is one line for a person.
func (v Violation) String() string {
	if v.Request == 0 {
		return fmt.Sprintf("%s: %s", v.Rule, v.What)
	}
	return fmt.Sprintf("%s: request %d %s %s: %s", v.Rule, v.Request, v.Method, v.Path, v.What)
}

// Allow makes Check pass over the given rules: for tests whose subject is just that.
func (s *Sim) Allow(rules ...Rule) {
	defer s.lock()()
	for _, r := range rules {
		s.allowed[r] = true
	}
}

// WantMail declares which mails the test wants; nil, the default, wants none. A mail that nobody asked for, because the
// request left it to Kisi's default, is never wanted. The function must not call the Sim.
func (s *Sim) WantMail(wanted func(Mail) bool) {
	defer s.lock()()
	s.wanted = wanted
}

// Violations returns everything that Check would report, in the order in which it happened, then the end state's.
func (s *Sim) Violations() []Violation {
	defer s.lock()()
	all := slices.Concat(s.violations, s.mailViolations(), s.st.duplicatePeople(), s.st.duplicateRights())
	return slices.DeleteFunc(all, func(v Violation) bool { return s.allowed[v.Rule] })
}

// Check returns an error with one line for each violation, or nil. Call it at the end of every test that uses a Sim, when
// no request is under way.
func (s *Sim) Check() error {
	var errs []error
	for _, v := range s.Violations() {
		errs = append(errs, errors.New(v.String()))
	}
	return errors.Join(errs...)
}

// Reporter is the part of testing.TB that CheckT needs; the package itself does not import testing.
type Reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// CheckT fails the test with what Check reports.
func (s *Sim) CheckT(t Reporter) {
	t.Helper()
	for _, v := range s.Violations() {
		t.Errorf("kisi simulator: %s", v)
	}
}

// CheckAtEnd has CheckT called when the test is over; t is a *testing.T.
func (s *Sim) CheckAtEnd(t interface {
	Reporter
	Cleanup(func())
}) {
	t.Helper()
	t.Cleanup(func() { s.CheckT(t) })
}

func (s *Sim) mailViolations() []Violation {
	var out []Violation
	for _, m := range s.outbox {
		if m.Asked && s.wanted != nil && s.wanted(m) {
			continue
		}
		cause := "asked for by the request"
		if !m.Asked {
			cause = "sent by default"
		}
		out = append(out, Violation{Rule: UnaskedMail, What: fmt.Sprintf("request %d: %s to %s, %s", m.Request, m.Kind, m.To, cause)})
	}
	return out
}

// duplicatePeople blames users that an API call made beside an older one.
func (s *state) duplicatePeople() []Violation {
	var out []Violation
	for _, u := range s.users.all() {
		if same := s.byEmail[lower(u.email)]; same[0] != u.id && !u.byHand {
			out = append(out, Violation{Rule: DuplicatePerson, What: fmt.Sprintf("users %d and %d are both %s", same[0], u.id, lower(u.email))})
		}
	}
	return out
}

// duplicateRights blames a row made by an API call for every older row of the same assignee on the same thing.
func (s *state) duplicateRights() []Violation {
	type right struct{ to, on Ref }
	first := map[right]int64{}
	var out []Violation
	for _, a := range s.assignments.all() {
		if s.assume.Expired == ExpiredHidden && s.expired(a) {
			continue // nobody can see it, and it opens nothing
		}
		key := right{a.to, a.on}
		older, again := first[key]
		if !again {
			first[key] = a.id
		} else if !a.byHand {
			out = append(out, Violation{Rule: DuplicateGrant, To: a.to, On: a.on, What: fmt.Sprintf("role assignments %d and %d both give %s %d a right on %s %d",
				older, a.id, a.to.Kind, a.to.ID, a.on.Kind, a.on.ID)})
		}
	}
	return out
}
