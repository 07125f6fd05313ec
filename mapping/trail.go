package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Trail is how it was decided what one person should hold. It is data; cmd puts it into words.
type Trail struct {
	Asked     string        `json:"asked"`
	Records   []TrailRecord `json:"records"`        // in order of precedence; none when the person is in no source any more
	Pins      []TrailPin    `json:"pins,omitempty"` // what operators said that holds
	Rules     []TrailRule   `json:"rules"`          // every rule of the file, by name
	Wish      *TrailWish    `json:"wish,omitempty"` // nil: the person should have nothing and has nothing of ours
	Conflicts []Conflict    `json:"conflicts,omitempty"`
}

// TrailRecord is one record of the person.
type TrailRecord struct {
	Source     string           `json:"source"`
	ID         string           `json:"id"`
	Handles    []string         `json:"handles,omitempty"`
	Email      string           `json:"email,omitempty"`
	Name       string           `json:"name,omitempty"`
	Active     string           `json:"active"`
	Doubted    time.Time        `json:"doubted,omitzero"` // missing since then, which is not believed
	Attributes []TrailAttribute `json:"attributes,omitempty"`
}

// TrailAttribute is an attribute that rules about the record's source read.
type TrailAttribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// TrailPin is what an operator said about the person.
type TrailPin struct {
	Kind  access.PinKind `json:"kind"`
	By    string         `json:"by,omitempty"`
	Why   string         `json:"why,omitempty"`
	Since string         `json:"since,omitempty"`
	Until string         `json:"until,omitempty"` // "": until it is taken back
}

// TrailRule is what one rule says about the person.
type TrailRule struct {
	Rule    string   `json:"rule"`
	Selects bool     `json:"selects"`
	Through []string `json:"through,omitempty"` // the groups that lead to the person, the rule's first
	Outcome string   `json:"outcome"`           // gives, not_selected, condition_failed, expired, record_disabled, undecided
	Clause  string   `json:"clause,omitempty"`  // of condition_failed: the part of where that does not hold
	Text    string   `json:"text,omitempty"`    // more, for people
	From    string   `json:"from,omitempty"`
	Until   string   `json:"until,omitempty"`
	Grants  []string `json:"grants,omitempty"` // of a rule that excludes: from what
	// Excluded are the groups that the rule gives and another one excludes the person from; exclusion goes before every grant.
	Excluded []TrailExclusion `json:"excluded,omitempty"`
	DaysLeft int              `json:"days_left,omitempty"` // until it ends
}

// TrailExclusion is a group from which a rule excludes a person.
type TrailExclusion struct {
	Group  string `json:"group"`
	Rule   string `json:"rule"`
	Unsure bool   `json:"unsure,omitempty"` // it cannot be said whether; until then nothing is given, and nothing taken
}

// TrailWish is what the person should be in Kisi.
type TrailWish struct {
	Member   access.RemoteID `json:"member,omitempty"`
	Email    string          `json:"email"`
	Standing string          `json:"standing"` // keep, suspend, leave
	Cause    string          `json:"cause,omitempty"`
	Grants   []TrailGrant    `json:"grants,omitempty"`
	Losses   []TrailLoss     `json:"losses,omitempty"`
	Replaces access.RemoteID `json:"replaces,omitempty"` // the person's Kisi user before this one, which makes room for it
}

// TrailGrant is a right that the person should have.
type TrailGrant struct {
	Group  string `json:"group"`
	Role   string `json:"role"`
	From   string `json:"from,omitempty"`
	Until  string `json:"until,omitempty"`
	Unsure bool   `json:"unsure,omitempty"`
	Cause  string `json:"cause"`
	// Covered are the rules that give the group with a lower role: somebody has one role in a group, and the higher one wins.
	Covered []TrailCovered `json:"covered,omitempty"`
}

// TrailCovered is a role that a rule gives, and that does not count beside a higher one.
type TrailCovered struct {
	Rule string `json:"rule"`
	Role string `json:"role"`
}

// TrailLoss is a right of ours that nobody wants any more.
type TrailLoss struct {
	Group access.RemoteID  `json:"group"`
	Name  string           `json:"name,omitempty"`
	Kind  access.CauseKind `json:"kind"`
	Cause string           `json:"cause"`
}

func (m *mapper) trailRecord(i uint32) TrailRecord {
	o := m.view.Person(int(i))
	t := TrailRecord{Source: m.sourceName(i), ID: o.ID(), Email: o.Email(), Name: o.Name(), Active: o.Active().String(), Doubted: o.Doubted()}
	for _, h := range o.Handles(nil) {
		t.Handles = append(t.Handles, h.Kind.String()+"="+h.Value)
	}
	s := m.sourceOf(o)
	if s < 0 {
		return t
	}
	for _, a := range m.sources[s].Attributes {
		if m.readsAttribute(s, a) {
			t.Attributes = append(t.Attributes, TrailAttribute{a.Name, o.Values(a.From, nil)})
		}
	}
	return t
}

// trailPins returns the pins that hold for a person.
func (m *mapper) trailPins(human, account uint32) (all []TrailPin) {
	of, also := m.pinned.accounts[account], m.pinned.humans[human]
	for _, p := range []*access.Pin{m.blocked(account, human), m.exempt(account, human), cmp.Or(of.release, also.release),
		cmp.Or(of.adopt, also.adopt), m.replaced[account]} {
		if p != nil && (p.Kind != access.Release || of.release != nil || account == none) {
			all = append(all, TrailPin{Kind: p.Kind, By: p.By, Why: p.Why, Since: m.instant(p.Since), Until: m.instant(p.Until)})
		}
	}
	return all
}

func (m *mapper) readsAttribute(source int, a Attribute) bool {
	if a.Name == m.samePerson {
		return true
	}
	for i := range m.rules {
		if m.rules[i].source != source {
			continue
		}
		for _, read := range m.rules[i].reads {
			if read == a {
				return true
			}
		}
	}
	return false
}

// The words of TrailRule.Outcome.
func (o outcome) String() string {
	return [...]string{"gives", "condition_failed", "expired", "record_disabled", "undecided", "excepted"}[o]
}

func (m *mapper) trailRule(number int, human uint32) TrailRule {
	r := &m.rules[number]
	t := TrailRule{Rule: r.Name, Outcome: "not_selected", Text: "not a " + m.wordsOf(number)}
	if r.From.Everyone {
		t.Text = "not in " + r.From.Source
	}
	for _, g := range slices.Concat(r.grants, r.excludes) {
		t.Grants = append(t.Grants, m.groups[g].Name)
	}
	for _, u := range r.uses {
		t.Grants = append(t.Grants, m.templates[u.template].declared.Name)
	}
	if m.selection.lost[number] {
		t.Outcome, t.Text = undecided.String(), m.selection.why[number]+"; what the rule gave stays"
		if r.Exclude != nil {
			t.Text = m.selection.why[number] + "; until then nobody gains what it excludes from"
		}
		return t
	}
	record, ok := m.selects(uint32(number), human)
	if !ok {
		return t
	}
	t.Selects, t.Text = true, m.wordsOf(number)
	if g := m.selection.groups[number]; g != noGroup {
		for _, hop := range m.view.Path(g, int(record)) {
			t.Through = append(t.Through, groupWords(hop))
		}
	}
	v := m.judge(r, record, human, m.zoneOf(r))
	m.judged(&t, number, v)
	switch {
	case v.outcome == gives && r.Listed:
		m.trailListed(&t, r)
	case v.outcome == gives && r.Exclude != nil:
		t.Outcome = "excludes"
		if v.from > m.at {
			t.Outcome, t.Text = "not_selected", "excludes only from "+m.instant(v.from)
		}
	case v.outcome == gives:
		m.trailTemplates(&t, r)
		t.Excluded = m.trailExclusions(r, human)
	}
	return t
}

// trailExclusions returns the groups that a rule gives and another one excludes a human from, who was asked about.
func (m *mapper) trailExclusions(r *rule, human uint32) (all []TrailExclusion) {
	var account *access.Account
	if a := m.accountOf(human); a != none {
		account = &m.ledger()[a]
	}
	for _, g := range m.allGrants(r) {
		if by, is := m.excludedFrom(g, human, account); is {
			all = append(all, TrailExclusion{m.groups[g].Name, m.rules[by.rule].Name, by.unsure})
		}
	}
	return all
}

func (m *mapper) judged(t *TrailRule, number int, v verdict) {
	t.Outcome = v.outcome.String()
	t.From, t.Until = m.instant(v.from), m.instant(v.until)
	switch v.outcome {
	case failed:
		t.Clause = v.clause.words()
	case expired:
		t.Text = v.date + " has passed"
	case excepted:
		t.Text = v.exception
	case undecided:
		t.Text = v.fault.text
	case gives:
		if v.until != 0 {
			t.DaysLeft = int((v.until - m.at) / (24 * 60 * 60))
		}
		t.Text += v.undated(&m.rules[number])
	}
}

// undated says why there is no date where the rule speaks of one.
func (v *verdict) undated(r *rule) string {
	switch b := r.until; {
	case v.opened != nil:
		return "; " + v.opened.text
	case b != nil && v.until == 0 && v.date != "":
		return "; without an end: " + v.date + " means never"
	case b != nil && v.until == 0:
		return "; without an end, as " + b.Attribute + " is missing and the file says open"
	case r.begin != nil && r.begin.Attribute != "" && v.from == 0 && r.begin.Missing == Open:
		return "; without a beginning, as " + r.begin.Attribute + " is missing and the file says open"
	}
	return ""
}

func groupWords(g directory.Object) string {
	if name := g.Name(); name != "" {
		return name
	}
	return g.ID()
}

func (m *mapper) instant(i access.Instant) string {
	if i == 0 {
		return ""
	}
	return i.Time().In(m.zone).Format(time.RFC3339)
}

// trailWish makes the wish as Map does.
func (m *mapper) trailWish(human, account uint32) *TrailWish {
	var w access.Wish
	ok := false
	switch {
	case account != none && human != none && m.makesRoom(human):
		w, ok = m.stranger(human, m.person(human).Folded)
	case account != none:
		w, ok = m.held(account)
	case m.blocked(none, human) != nil && m.state[human] == usable:
		w, ok = m.stranger(human, m.person(human).Folded)
	case m.state[human] == ambiguous || m.state[human] == shadowed || m.state[human] == reused || m.disabled(human):
	case m.state[human] != usable:
		m.reportAddress(human)
	default:
		w, ok = m.stranger(human, m.person(human).Folded)
	}
	if !ok {
		return nil
	}
	t := &TrailWish{Member: w.Member, Email: w.Email, Standing: [...]string{"keep", "suspend", "leave", "remove"}[w.Standing], Cause: m.causes.list[w.Cause].Text}
	if w.Replaces != nil {
		t.Replaces = w.Replaces.Member
	}
	goes := func(id access.RemoteID) bool {
		return slices.ContainsFunc(w.Unproven, func(l access.Loss) bool { return l.Group == id })
	}
	for _, g := range w.Grants {
		if g.Unsure && goes(m.groups[g.Group].ID) {
			continue
		}
		t.Grants = append(t.Grants, TrailGrant{Group: m.groups[g.Group].Name, Role: g.Role.Words(), From: m.instant(g.From), Until: m.instant(g.Until),
			Unsure: g.Unsure, Cause: m.causes.list[g.Cause].Text, Covered: m.covered(g)})
	}
	for _, l := range slices.Concat(w.Losses, w.Unproven) {
		name := ""
		if g, known := m.byRemote[l.Group]; known {
			name = m.groups[g].Name
		}
		t.Losses = append(t.Losses, TrailLoss{l.Group, name, m.causes.list[l.Cause].Kind, m.causes.list[l.Cause].Text})
	}
	if account != none {
		t.Grants = append(t.Grants, m.undecidedGrants(human, &m.ledger()[account], &w)...)
	}
	return t
}

// covered returns the rules that give a group with a lower role than it is wanted with, to the human who was asked about last. What an
// exclusion took out of what was given is not wanted either.
func (m *mapper) covered(w access.WishedGrant) (all []TrailCovered) {
	for _, g := range m.given {
		if g.group != w.Group || g.unsure || g.role == w.Role || !w.Role.Covers(g.role) {
			continue
		}
		if c := (TrailCovered{m.rules[g.rule].Name, g.role.Words()}); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// undecidedGrants returns the rights of ours of which the wish says nothing, because a rule that gave them, or may give them, cannot be
// asked now: they stay.
func (m *mapper) undecidedGrants(human uint32, account *access.Account, w *access.Wish) (all []TrailGrant) {
	for i := range account.Owned {
		o := &account.Owned[i]
		group, known := m.byRemote[o.Group]
		if known && slices.ContainsFunc(w.Grants, func(g access.WishedGrant) bool { return g.Group == group }) ||
			slices.ContainsFunc(slices.Concat(w.Losses, w.Unproven), func(l access.Loss) bool { return l.Group == o.Group }) || !m.untouchable(human, account, o) {
			continue
		}
		all = append(all, TrailGrant{Group: m.groupName(o.Group), Role: o.Role.Words(), From: m.instant(o.From), Until: m.instant(o.Until), Unsure: true})
	}
	return all
}

// groupName returns what the file calls a group of Kisi, or else what Kisi does.
func (m *mapper) groupName(id access.RemoteID) string {
	if g, known := m.byRemote[id]; known {
		return m.groups[g].Name
	}
	for i := range m.in.Catalog.Groups {
		if g := &m.in.Catalog.Groups[i]; g.ID == id {
			return g.Name
		}
	}
	return fmt.Sprintf("group %d", id)
}
