package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// ErrUnknownRule is what ExplainRule finds instead of a rule.
var ErrUnknownRule = errors.New("the file has no such rule")

// RuleTrail is whom a rule selects, whom not, and why.
type RuleTrail struct {
	Rule   string        `json:"rule"`
	Says   []Part        `json:"says"`            // as the file does
	Bound  *RuleGroup    `json:"bound,omitempty"` // the group of the directory that it goes by; nil: everyone of a source, or it cannot be asked
	Lost   string        `json:"lost,omitempty"`  // why it cannot be asked
	People int           `json:"people"`          // in its source, one human each
	Parts  []RuleOutcome `json:"outcomes"`        // all of them, those who get something first
	Rights int           `json:"rights"`          // in Kisi that it gave, alone or with others
	Told   []Conflict    `json:"conflicts,omitempty"`
}

// RuleGroup is a group of a directory.
type RuleGroup struct {
	ID    string         `json:"id"`
	Name  string         `json:"name"`
	Since access.Instant `json:"since,omitempty"` // when the rule was bound to it; 0: it names the group by id, or was not bound yet
}

// RuleOutcome are people of whom a rule says the same.
type RuleOutcome struct {
	Outcome string       `json:"outcome"` // gives, excludes, withheld, condition_failed, excepted, expired, record_disabled, undecided, not_selected
	Text    string       `json:"text"`    // the clause that does not hold, what is missing, what stands before the rule
	Count   int          `json:"count"`
	People  []RulePerson `json:"people"` // a few of them, or all, by address
}

// RulePerson is one of them.
type RulePerson struct {
	Who   string        `json:"who"`
	Key   directory.Key `json:"key"`
	Until string        `json:"until,omitempty"`
}

// fewExamples is how many people are named unless all are wanted.
const fewExamples = 5

// ExplainRule says what a rule makes of everybody in its source, by the code of Map. all names everybody, otherwise a few of each kind are
// named. The error wraps ErrUnknownRule.
func (r *Rules) ExplainRule(in Input, name string, all bool) (RuleTrail, error) {
	number, ok := r.ruleNamed(name)
	if !ok {
		var names []string
		for i := range r.rules {
			names = append(names, r.rules[i].Name)
		}
		return RuleTrail{}, fmt.Errorf("%w: %q; %s", ErrUnknownRule, name, suggest(name, names))
	}
	m := r.prepare(in)
	t := RuleTrail{Rule: name, Says: r.rules[number].parts(), Lost: m.selection.why[number], Bound: m.boundTo(number)}
	for _, c := range m.conflicts.sorted() {
		if c.Who == "rule "+name {
			t.Told = append(t.Told, c)
		}
	}
	m.quiet, m.telling = true, true
	t.Parts = m.outcomes(number, &t.People, all)
	for i := range m.ledger() {
		for _, g := range m.ledger()[i].Owned {
			if g.Level.Ours() && g.Cause != nil && slices.Contains(strings.Split(g.Cause.Rule, ruleSeparator), name) {
				t.Rights++
			}
		}
	}
	return t, nil
}

// boundTo returns the group that a rule goes by.
func (m *mapper) boundTo(number int) *RuleGroup {
	n := m.selection.groups[number]
	if n == noGroup {
		return nil
	}
	g, text := m.view.Group(n), selectorText(m.rules[number].From.Group)
	out := &RuleGroup{ID: g.ID(), Name: groupWords(g)}
	for _, b := range m.bindings {
		if b.Source == g.Source() && b.Text == text {
			out.Since = b.Since
		}
	}
	return out
}

// outcomes sorts everybody in the rule's source by what the rule says of them.
func (m *mapper) outcomes(number int, people *int, all bool) []RuleOutcome {
	kinds := map[[2]string]*RuleOutcome{} // walked in order only after it was sorted
	if m.unread[m.rules[number].source] {
		return nil
	}
	from, to := m.view.Range(m.sources[m.rules[number].source].ID)
	for i := uint32(from); i < uint32(to); i++ {
		h := m.head[i]
		if m.state[i] == shadowed {
			continue
		}
		*people++
		kind, text, until := m.outcomeFor(number, h)
		o := kinds[[2]string{kind, text}]
		if o == nil {
			o = &RuleOutcome{Outcome: kind, Text: text}
			kinds[[2]string{kind, text}] = o
		}
		o.Count++
		person := m.view.Person(int(i))
		o.People = append(o.People, RulePerson{Who: called(person), Key: person.Key(), Until: until})
	}
	out := make([]RuleOutcome, 0, len(kinds))
	for _, o := range kinds {
		slices.SortFunc(o.People, func(a, b RulePerson) int { return cmp.Or(cmp.Compare(a.Who, b.Who), cmp.Compare(a.Key.ID, b.Key.ID)) })
		if !all {
			o.People = slices.Clone(o.People[:min(len(o.People), fewExamples)])
		}
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b RuleOutcome) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Text, b.Text))
	})
	return out
}

func (o *RuleOutcome) order() int {
	return slices.Index([]string{"gives", "excludes", "withheld", "undecided", "condition_failed", "excepted", "expired", "record_disabled", "not_selected"}, o.Outcome)
}

// outcomeFor says what a rule says of one human, or what stands before it.
func (m *mapper) outcomeFor(number int, human uint32) (kind, text, until string) {
	r := &m.rules[number]
	if m.selection.lost[number] {
		return undecided.String(), m.selection.why[number], ""
	}
	record, selected := m.selects(uint32(number), human)
	if !selected {
		return "not_selected", "not a " + m.wordsOf(number), ""
	}
	v := m.judge(r, record, human, m.zoneOf(r))
	until = m.instant(v.until)
	switch v.outcome {
	case failed:
		return v.outcome.String(), v.clause.words(), ""
	case expired:
		return v.outcome.String(), "its end has passed", until
	case off:
		return v.outcome.String(), "the record is disabled", ""
	case undecided:
		return v.outcome.String(), v.fault.text, ""
	case excepted:
		return v.outcome.String(), v.exception, ""
	}
	if r.Exclude != nil {
		return "excludes", "", until
	}
	for _, u := range r.uses {
		if _, err := m.valued(u); err != nil {
			return undecided.String(), m.row.fault.text, ""
		}
	}
	if why := m.before(human); why != "" {
		return "withheld", why, ""
	}
	if r.Listed {
		grants, text := m.listing(r)
		if len(grants) == 0 {
			return "not_selected", "the list gives nothing now: " + text, ""
		}
		return v.outcome.String(), text, ""
	}
	if why := m.exclusions(r, human); why != "" {
		return "withheld", why, ""
	}
	return v.outcome.String(), "", until
}

// exclusions says which rules keep a human from all that a rule gives; "" when something is left.
func (m *mapper) exclusions(r *rule, human uint32) string {
	if !m.excluding {
		return ""
	}
	m.ask(human)
	var by []string
	out := m.trailExclusions(r, human)
	for _, x := range out {
		if !slices.Contains(by, "rule "+x.Rule+" excludes") {
			by = append(by, "rule "+x.Rule+" excludes")
		}
	}
	if len(out) < len(m.allGrants(r)) {
		return ""
	}
	return strings.Join(by, "; ")
}

// before says what stands before all rules for a human; "" for nothing.
func (m *mapper) before(human uint32) string {
	account := m.accountOf(human)
	switch s := m.state[human]; {
	case m.blocked(account, human) != nil:
		return saidBy("blocked", m.blocked(account, human))
	case account != none && m.released(account) != nil:
		return saidBy("released", m.released(account))
	case m.disabled(human):
		return m.disabledCause(human).Text
	case s == noMail:
		return m.addressConflict(human).Text
	case s == badMail || s == foreign:
		return "an address that cannot be used, or for which " + m.sourceName(human) + " may not speak"
	case s == ambiguous || s == reused:
		return "another person has the same address"
	}
	return ""
}
