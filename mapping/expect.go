package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// Expectation is a test of a file. It is about one person, about everybody in a group of a directory, or about a Kisi group as a whole:
// exactly one of Person, MembersOf and Group is set. It asks what the rules give, not what somebody gave by hand in Kisi.
type Expectation struct {
	Person     string    // folded address
	MembersOf  *Selector // all whom it selects and no directory disables
	Has, Lacks []string  // groups that each of them must, and must not, be given
	Until      []Ends    // groups that each of them must be given with an end
	Role       access.Role
	Group      string
	AtLeast    *int     // so many people must be given Group; nil: any number
	AtMost     *int     // likewise
	OnlyFrom   []string // names of sources; nobody may be given Group who is in none of them. Empty: anybody may
}

// Ends says until when somebody has a group.
type Ends struct {
	Group string
	Day   string // "2026-12-31", a day where the group is; "": any, but an end there must be
}

// Tested is what came of an Expectation. It is met if both lists are empty.
type Tested struct {
	Wrong []Unmet  // what is otherwise, the first few of many people
	More  int      // people beyond those
	Open  []string // what cannot be decided now: a source was never read, a group of a directory cannot be found
}

// Unmet is something that is otherwise than expected.
type Unmet struct {
	Who  string `json:"who"`  // a person, or a group
	Text string `json:"text"` // "lacks Server Room"
	Why  string `json:"why"`  // what led to it, "" when there is nothing to be said
}

// mostUnmet is how many people are told of for one expectation.
const mostUnmet = 5

// Test asks whether what a file expects is so, one answer for each expectation. It decides as Map does.
func (r *Rules) Test(in Input, all []Expectation) []Tested {
	m := r.prepare(in)
	m.wishAll()
	m.quiet = true
	t := &tester{mapper: m, byMail: map[string][]uint32{}, byAnchor: map[access.Anchor]uint32{}}
	for i := range m.wishes {
		w := &m.wishes[i]
		t.byMail[w.Folded] = append(t.byMail[w.Folded], uint32(i))
		for _, a := range w.Anchors {
			t.byAnchor[a] = uint32(i)
		}
	}
	out := make([]Tested, len(all))
	for i := range all {
		out[i] = t.test(&all[i])
	}
	return out
}

// tester holds expectations against what was decided. Its maps are looked up only.
type tester struct {
	*mapper
	byMail   map[string][]uint32 // wishes
	byAnchor map[access.Anchor]uint32
}

func (t *tester) test(e *Expectation) (out Tested) {
	switch {
	case e.Group != "":
		t.ofGroup(e, &out)
	case e.MembersOf != nil:
		t.ofMembers(e, &out)
	default:
		t.ofPerson(e, &out, tried{who: e.Person, human: t.humanOf(e.Person), wishes: t.byMail[e.Person]})
	}
	slices.Sort(out.Open)
	out.Open = slices.Compact(out.Open)
	return out
}

// tried is a person whom an expectation is about; human is none for somebody who is in no source.
type tried struct {
	who    string
	human  uint32
	wishes []uint32
}

func (t *tester) humanOf(folded string) uint32 {
	for _, p := range t.parts {
		for i := uint32(p.from); i < uint32(p.to); i++ {
			if t.head[i] == i && t.state[i] != shadowed && email.Fold(t.view.Person(int(i)).Email()) == folded {
				return i
			}
		}
	}
	return none
}

// ofMembers is about everybody in a group of a directory.
func (t *tester) ofMembers(e *Expectation, out *Tested) {
	s := slices.IndexFunc(t.sources, func(s source) bool { return s.Name == e.MembersOf.Source })
	if s < 0 || t.unread[s] {
		out.Open = append(out.Open, "source "+e.MembersOf.Source+" was not read")
		return
	}
	members, why := t.selectedBy(s, e.MembersOf)
	if why != "" {
		out.Open = append(out.Open, why)
		return
	}
	for _, human := range members {
		o := t.view.Person(int(human))
		x := tried{who: called(o), human: human}
		if w, ok := t.byAnchor[t.anchor(human, nil)]; ok {
			x.wishes = []uint32{w}
		}
		t.ofPerson(e, out, x)
	}
}

// selectedBy returns the active humans whom a selector selects, in the order of their addresses.
func (t *tester) selectedBy(source int, s *Selector) (humans []uint32, why string) {
	var records []uint32
	if s.Everyone {
		from, to := t.view.Range(t.sources[source].ID)
		for i := from; i < to; i++ {
			records = append(records, uint32(i))
		}
	} else {
		groups, _ := t.groupsFor(t.sources[source].ID, s.Group)
		if len(groups) != 1 {
			return nil, fmt.Sprintf("source %s has %d groups called %q", s.Source, len(groups), s.Group)
		}
		records = t.view.Members(groups[0].Number)
	}
	for _, i := range records {
		if h := t.head[i]; t.state[i] != shadowed && !t.disabled(h) {
			humans = append(humans, h)
		}
	}
	slices.Sort(humans)
	humans = slices.Compact(humans)
	slices.SortStableFunc(humans, func(a, b uint32) int {
		return compare(email.Fold(t.view.Person(int(a)).Email()), email.Fold(t.view.Person(int(b)).Email()))
	})
	return humans, ""
}

// ofPerson is about one person.
func (t *tester) ofPerson(e *Expectation, out *Tested, x tried) {
	var wrong []Unmet
	unmet := func(text, why string) { wrong = append(wrong, Unmet{x.who, text, why}) }
	must := func(group string, ends *Ends) {
		g, has := t.given(x, group)
		switch {
		case has == isOpen:
			out.Open = append(out.Open, x.who+": "+group)
		case has == isNot:
			unmet("lacks "+group, t.whyNot(x, group))
		case ends != nil && !t.endsOn(g, ends.Day):
			unmet("has "+group+" "+t.endWords(g)+", not until "+orSome(ends.Day), t.causes.list[g.Cause].Text)
		case e.Role != access.NoRole && g.Role != e.Role:
			unmet("has "+group+" as "+g.Role.Words()+", not "+e.Role.Words(), t.causes.list[g.Cause].Text)
		}
	}
	for _, group := range e.Has {
		must(group, nil)
	}
	for i := range e.Until {
		must(e.Until[i].Group, &e.Until[i])
	}
	for _, group := range e.Lacks {
		switch g, has := t.given(x, group); has {
		case is:
			unmet("has "+group, t.causes.list[g.Cause].Text)
		case isOpen:
			out.Open = append(out.Open, x.who+": "+group)
		}
	}
	out.add(wrong)
}

// add takes in what is wrong with one person, or only that something is when many are told of already.
func (x *Tested) add(wrong []Unmet) {
	switch {
	case len(wrong) == 0:
	case len(x.Wrong) >= mostUnmet:
		x.More++
	default:
		x.Wrong = append(x.Wrong, wrong...)
	}
}

// answer is what the rules say of a person and a group.
type answer uint8

const (
	isNot answer = iota
	is
	isOpen // it cannot be decided now, and stays as it is
)

// given says whether the rules give a group to a person.
func (t *tester) given(x tried, group string) (access.WishedGrant, answer) {
	open := t.lostFor(group)
	for _, i := range x.wishes {
		w := &t.wishes[i]
		open = open || w.Standing == access.Leave
		if g, ok := t.grantOf(w, group); ok && w.Standing == access.Keep {
			if g.Unsure {
				return g, isOpen
			}
			return g, is
		}
	}
	if open {
		return access.WishedGrant{}, isOpen
	}
	return access.WishedGrant{}, isNot
}

func (t *tester) grantOf(w *access.Wish, group string) (access.WishedGrant, bool) {
	for _, g := range w.Grants {
		if t.groups[g.Group].Name == group {
			return g, true
		}
	}
	return access.WishedGrant{}, false
}

// lostFor says that a rule which gives a group cannot be asked now.
func (t *tester) lostFor(group string) bool {
	for i := range t.rules {
		if t.selection.lost[i] && t.mayGive(i, group) {
			return true
		}
	}
	return false
}

func (t *tester) endsOn(g access.WishedGrant, day string) bool {
	return g.Until != 0 && (day == "" || t.dayIn(g.Until, t.zones[g.Group]) == day)
}

func (t *tester) endWords(g access.WishedGrant) string {
	if g.Until == 0 {
		return "without an end"
	}
	return "until " + t.dayIn(g.Until, t.zones[g.Group])
}

func orSome(day string) string {
	if day == "" {
		return "some day"
	}
	return day
}

// whyNot says why a person is not given a group: what stands before all rules, else what each rule that gives it says.
func (t *tester) whyNot(x tried, group string) string {
	if x.human == none {
		return "no source has anybody of this address"
	}
	for _, i := range x.wishes {
		if w := &t.wishes[i]; w.Standing != access.Keep {
			return t.causes.list[w.Cause].Text
		}
	}
	switch s := t.state[x.human]; {
	case t.disabled(x.human):
		return "disabled in " + t.sourceName(x.human)
	case s == noMail || s == badMail || s == foreign:
		return t.addressConflict(x.human).Text
	case s == ambiguous || s == reused:
		return "another person has the same address"
	}
	var all []string
	t.ask(x.human)
	for i := range t.rules {
		if t.mayGive(i, group) {
			all = append(all, t.refusal(i, x.human, group))
		}
	}
	if all == nil {
		return "no rule gives it"
	}
	return strings.Join(all, "; ")
}

// mayGive says that a rule gives a group, to those whom it gives something.
func (t *tester) mayGive(rule int, group string) bool {
	return slices.ContainsFunc(t.allGrants(&t.rules[rule]), func(g uint32) bool { return t.groups[g].Name == group })
}

// refusal says why a rule does not give a group to a person.
func (t *tester) refusal(rule int, human uint32, group string) string {
	t.ask(human)
	r := t.trailRule(rule, human)
	text := "rule " + r.Rule + ": "
	for _, x := range r.Excluded {
		if x.Group == group {
			return text + "gives it, but rule " + x.Rule + " excludes from it"
		}
	}
	switch r.Outcome {
	case "condition_failed":
		return text + "its condition does not hold: " + r.Clause
	case "record_disabled":
		return text + "the record is disabled"
	case "excepted":
		return text + "an exception: " + r.Text
	case "gives":
		if !slices.Contains(r.Grants, group) {
			return text + "does not give it to the person"
		}
		return text + "gives it, and something else stands before that"
	}
	return text + r.Text
}

// ofGroup is about all who are given a group.
func (t *tester) ofGroup(e *Expectation, out *Tested) {
	people, open := 0, 0
	for i := range t.wishes {
		w := &t.wishes[i]
		g, ok := t.grantOf(w, e.Group)
		switch {
		case !ok || w.Standing != access.Keep:
		case g.Unsure:
			open++
		default:
			people++
			t.outsider(e, out, w, g)
		}
	}
	lost := t.lostFor(e.Group)
	number := fmt.Sprintf("%d people are given it", people)
	switch {
	case e.AtLeast != nil && people < *e.AtLeast && (people+open >= *e.AtLeast || lost), e.AtMost != nil && people <= *e.AtMost && (people+open > *e.AtMost || lost):
		out.Open = append(out.Open, "how many people are given "+e.Group)
	case e.AtLeast != nil && people < *e.AtLeast:
		out.Wrong = append(out.Wrong, Unmet{e.Group, fmt.Sprintf("%s, expected at least %d", number, *e.AtLeast), t.givers(e.Group)})
	case e.AtMost != nil && people > *e.AtMost:
		out.Wrong = append(out.Wrong, Unmet{e.Group, fmt.Sprintf("%s, expected at most %d", number, *e.AtMost), t.givers(e.Group)})
	}
}

// outsider reports somebody who is given a group and is in none of the sources that may have people in it.
func (t *tester) outsider(e *Expectation, out *Tested, w *access.Wish, g access.WishedGrant) {
	if len(e.OnlyFrom) == 0 || slices.ContainsFunc(w.Anchors, func(a access.Anchor) bool { return slices.Contains(e.OnlyFrom, t.nameOf(a)) }) {
		return
	}
	out.add([]Unmet{{w.Email, "has " + e.Group + " and is not in " + strings.Join(e.OnlyFrom, " or "), t.causes.list[g.Cause].Text}})
}

// nameOf returns the file's name of the source that an anchor is of; "" for one that the file does not have.
func (t *tester) nameOf(a access.Anchor) string {
	id, _ := t.cut(a)
	if s := t.sourceWithID(id); s >= 0 {
		return t.sources[s].Name
	}
	return ""
}

// givers names the rules that give a group.
func (t *tester) givers(group string) string {
	var names []string
	for i := range t.rules {
		if t.mayGive(i, group) {
			names = append(names, t.rules[i].Name+" ("+t.rules[i].words()+")")
		}
	}
	if names == nil {
		return "no rule gives it"
	}
	return "rules that give it: " + strings.Join(names, ", ")
}
