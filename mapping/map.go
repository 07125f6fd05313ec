package mapping

import (
	"fmt"
	"slices"
	"time"

	"github.com/expr-lang/expr/vm"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Input is everything that decides who should hold what, beside the rules. None of it is changed.
type Input struct {
	People  *directory.View
	Owned   *access.Ledger  // nil: nothing is ours yet
	Catalog *access.Catalog // nil: Kisi was never seen; groups are then missing
	// Bindings are what selectors were bound to, in any order; those that no rule has count for nothing.
	Bindings []Binding
	Wordings []Wording    // what rules said in earlier runs, newest last
	Pins     []access.Pin // what operators said about single people, in any order
	At       time.Time
	// Unread are ids of sources that were never read. So are, without being named, the sources of the file that are not in
	// People. Nothing that such a source may have given is taken away.
	Unread []string
}

// Result is who should hold what, and what could not be decided.
type Result struct {
	Desired   *access.Desired
	Conflicts []Conflict // sorted
	Bindings  []Binding  // to be remembered instead of those of the Input, sorted by source and text
	// Ended are pins whose time is over, which is among the conflicts: who drops them now reports it once. So are, without a word, those
	// that have done all that they were said for.
	Ended []access.Pin
}

// Map decides who should hold what. The same Input gives the same Result, byte for byte; the order of sources in the View and of
// records in a source does not matter. A wish has
//
//	Keep     grants by the rules; losses for owned rights that no rule gives any more, each with its cause
//	Suspend  the grants that the rules would give, so that a return is one step; no losses
//	Leave    neither: who or what this is cannot be said for certain
//
// An owned right that is in neither list of a wish, or that is Unsure, is to be left as it is. Whoever comes back from a suspension of ours
// is not let in with one: what nobody can say for certain is in Wish.Unproven then, and Grants are no wider than what is certain.
func (r *Rules) Map(in Input) Result {
	m := r.prepare(in)
	m.wishAll()
	m.dropUnused(r.static)
	slices.SortFunc(m.ended, comparePins)
	return Result{Desired: m.desired(), Conflicts: m.conflicts.sorted(), Bindings: m.bindings, Ended: m.ended}
}

// none stands for "nobody" and "no account" among numbers.
const none = ^uint32(0)

// mapper is one Map under way.
type mapper struct {
	*Rules
	in     Input
	view   *directory.View
	at     access.Instant
	parts  []part
	unread []bool // by index into Rules.sources
	// gathering are the sources of which nobody has said that they have been told everything; by index as unread.
	gathering []bool

	groups   []access.DesiredGroup
	zones    []*time.Location           // by index into groups: of the place, or of the file
	byRemote map[access.RemoteID]uint32 // looked up only, never walked

	// By number of a person in the view. A human is named by the number of the first of its records.
	head     []uint32 // the human that a record belongs to
	next     []uint32 // the human's next record, in order of precedence
	state    []state
	accounts []uint32 // of a human: the first account of its records

	owner     []uint32            // by account: the human whose it is
	standing  map[uint32]decision // by account: what was decided without asking the rules
	pinned    pinned
	replaced  map[uint32]*access.Pin // by account: the rename by which it makes room for another
	outgoing  map[uint32]uint32      // by human: the account that makes room
	ended     []access.Pin
	bindings  []Binding
	sensitive []access.RemoteID // doors, ascending
	selection selection
	join      join

	causes      causes
	edited      map[uint64]string // what was changed in the file, by the mark of what was before
	wishes      []access.Wish
	grants      arena[access.WishedGrant]
	losses      arena[access.Loss]
	anchors     arena[access.Anchor]
	given       []given // of the person at hand
	due         access.Instant
	conflicts   collector
	memberships []membership // by number of a group that conditions ask about
	excluded    []excluded   // of the person at hand
	wanted      []uint32     // groups of values that somebody would be given, if nothing were wrong with them
	doubtful    []uint32     // rules that cannot be decided for the person at hand, and may have given any of several groups
	machine     vm.VM
	row         row
	quiet       bool // conflicts of the person at hand are of no interest
	telling     bool // it is put into words for a person: see wordsOf
}

// part is a source of the view that the file knows.
type part struct {
	source   int // index into Rules.sources
	from, to int // numbers of its people
	snapshot *directory.Snapshot
}

// prepare returns a mapper that has done everything that is not about one person.
func (r *Rules) prepare(in Input) *mapper {
	m := r.begin(in)
	m.prepare()
	return m
}

func (r *Rules) begin(in Input) *mapper {
	m := &mapper{Rules: r.derive(in.view(), in.Owned), in: in, view: in.view(), at: access.At(in.At), causes: newCauses(), edited: map[uint64]string{}}
	m.row.of = m
	if in.Catalog == nil {
		m.in.Catalog = &access.Catalog{}
	}
	return m
}

// view returns the people; nobody, when there is no view.
func (in *Input) view() *directory.View {
	if in.People == nil {
		return directory.Join()
	}
	return in.People
}

func (m *mapper) prepare() {
	y, month, d := m.in.At.In(m.zone).Date()
	m.row.today = startOfDay(y, month, d, m.zone)
	if m.today {
		m.wake(startOfDay(y, month, d+1, m.zone))
	}
	m.orderSources()
	m.joinAttributes()
	m.resolveGroups()
	m.correlate()
	m.findReplaced()
	m.link()
	m.pin()
	m.checkRenames()
	m.selectPeople()
}

// orderSources lists the parts of the view in order of precedence, and which sources are unread.
func (m *mapper) orderSources() {
	m.unread, m.gathering = make([]bool, len(m.sources)), make([]bool, len(m.sources))
	for i, s := range m.sources {
		snapshot := m.view.Source(s.ID)
		m.unread[i] = snapshot == nil || slices.Contains(m.in.Unread, s.ID)
		if !m.unread[i] {
			m.gathering[i] = snapshot.Standing() == directory.Gathering
			from, to := m.view.Range(s.ID)
			m.parts = append(m.parts, part{i, from, to, snapshot})
		}
	}
}

// wake says that the answer changes by itself at t.
func (m *mapper) wake(t time.Time) {
	if at := access.At(t); at > m.at && (m.due == 0 || at < m.due) {
		m.due = at
	}
}

func (m *mapper) conflict(c Conflict) {
	if !m.quiet {
		m.conflicts.add(c)
	}
}

// about returns a conflict of a person.
func (m *mapper) about(person uint32, kind, hint, text string) Conflict {
	o := m.view.Person(int(person))
	return Conflict{Kind: kind, Who: called(o), Text: text, Hint: hint, Key: o.Key()}
}

// aboutRule returns a conflict of a person with a rule.
func (m *mapper) aboutRule(r *rule, person uint32, f fault) Conflict {
	c := m.about(person, f.kind, f.hint, fmt.Sprintf("rule %s: %s", r.Name, f.text))
	c.Rule = r.Name
	return c
}

// called returns what people call a person.
func called(o directory.Object) string {
	for _, name := range []string{o.Email(), o.Name()} {
		if name != "" {
			return name
		}
	}
	return o.Key().String()
}

func (m *mapper) desired() *access.Desired {
	d := &access.Desired{Groups: m.groups, Wishes: m.wishes, Causes: m.causes.list, Due: m.due, Sensitive: m.sensitive, Roles: m.roleNames(), Edits: m.edits()}
	m.editedBeside(d)
	return d
}

// arena hands out slices that lie side by side in large blocks, so that a million small lists are a few allocations and none of
// them is ever moved.
type arena[T any] struct{ block []T }

func (a *arena[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if cap(a.block)-len(a.block) < n {
		a.block = make([]T, 0, max(n, 4096))
	}
	from := len(a.block)
	a.block = a.block[:from+n]
	return a.block[from : from+n : from+n]
}
