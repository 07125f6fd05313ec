package mapping

import (
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// outcome is what a rule says about one record that it selects.
type outcome uint8

const (
	gives     outcome = iota
	failed            // a clause of where does not hold
	expired           // the end has passed
	off               // the record is disabled, and another one speaks for the person
	undecided         // it cannot be said; what the rule gave stays
)

// verdict is an outcome with what belongs to it.
type verdict struct {
	outcome     outcome
	from, until access.Instant
	clause      *clause // that failed
	date        string  // the end that has passed, as it was written
	fault       fault   // of undecided
}

// judge asks a rule about a record that it selects. human is the record's human.
func (m *mapper) judge(r *rule, record, human uint32) verdict {
	if record != human && m.disabled(record) {
		return verdict{outcome: off}
	}
	m.aim(r, record, human)
	for i := range r.clauses {
		holds, err := r.clauses[i].holds(&m.machine, &m.row)
		if err != nil {
			return verdict{outcome: undecided, fault: m.row.fault}
		}
		if !holds {
			return verdict{outcome: failed, clause: &r.clauses[i]}
		}
	}
	if r.begin == nil && r.until == nil {
		return verdict{}
	}
	return m.dates(r)
}

// aim points the row at the record of the rule's own source, whose attributes the rule declares.
func (m *mapper) aim(r *rule, record, human uint32) {
	id := m.sources[r.source].ID
	m.row.person = m.view.Person(int(record))
	m.row.known = m.row.person.Source() == id
	for i := human; i != none && !m.row.known; i = m.next[i] {
		if o := m.view.Person(int(i)); o.Source() == id {
			m.row.person, m.row.known = o, true
		}
	}
}

// dates works out from when until when the row's person has what the rule gives.
func (m *mapper) dates(r *rule) verdict {
	var v verdict
	begin, _, err := m.date(r.begin)
	if err == nil {
		v.from = begin
		v.until, v.date, err = m.date(r.until)
	}
	switch {
	case err != nil:
		return verdict{outcome: undecided, fault: m.row.fault}
	case v.until != 0 && v.from > v.until:
		_ = m.row.fail(DateOrder, "correct one of the dates", "begins on %s, after the end on %s", m.day(v.from), m.day(v.until))
		return verdict{outcome: undecided, fault: m.row.fault}
	case v.until != 0 && v.until < m.at:
		v.outcome = expired
	case v.until != 0:
		m.wake((v.until + 1).Time())
	}
	return v
}

// date reads one side of a rule's validity; 0 is open. text is the date as it was written.
func (m *mapper) date(b *bound) (at access.Instant, text string, err error) {
	switch {
	case b == nil:
		return 0, "", nil
	case b.Attribute == "":
		return b.fixed, b.Fixed, nil
	}
	if b.Missing == Open && m.row.known && len(m.row.values(b.Attribute, b.from)) == 0 {
		return 0, "", nil
	}
	text, err = m.row.text(b.Attribute, b.from)
	if err != nil {
		return 0, "", err
	}
	d, err := parseDate(text, m.zone)
	if err != nil {
		return 0, "", m.row.fail(BadDate, "write it as "+dateForms, "%s is no date: %q", b.Attribute, text)
	}
	if b.isEnd {
		return d.end(m.zone), b.Attribute + " " + text, nil
	}
	return d.begin(), text, nil
}

func (m *mapper) day(i access.Instant) string { return i.Time().In(m.zone).Format("2006-01-02") }

// given is one right that one rule gives one person.
type given struct {
	group, rule uint32
	from, until access.Instant
	role        access.Role
	unsure      bool
	notify      bool
}

// ask puts what the rules say about a human into m.given. Rules that could not be decided are in it as unsure.
func (m *mapper) ask(human uint32) {
	m.given = m.given[:0]
	for i := human; i != none; i = m.next[i] {
		o := m.view.Person(int(i))
		if s := m.sourceOf(o); s >= 0 {
			for _, r := range m.sources[s].everyone {
				m.askOne(r, i, human)
			}
		}
		for _, r := range m.selection.of(i) {
			m.askOne(r, i, human)
		}
	}
}

func (m *mapper) sourceOf(o directory.Object) int {
	for _, p := range m.parts {
		if o.Number >= p.from && o.Number < p.to {
			return p.source
		}
	}
	return -1
}

func (m *mapper) askOne(number, record, human uint32) {
	r := &m.rules[number]
	v := m.judge(r, record, human)
	switch {
	case r.Listed && v.outcome == gives:
		m.giveListed(number, record)
	case v.outcome == gives, v.outcome == undecided:
		for _, g := range r.grants {
			m.given = append(m.given, given{group: g, rule: number, from: v.from, until: v.until, role: r.role(), unsure: v.outcome == undecided, notify: r.Notify})
		}
	}
	if v.outcome == undecided && !m.quiet {
		m.conflict(m.aboutRule(r, record, v.fault))
	}
}
