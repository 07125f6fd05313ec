package mapping

import (
	"time"

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
	excepted          // an exception of the rule is about the person
)

// verdict is an outcome with what belongs to it.
type verdict struct {
	outcome     outcome
	from, until access.Instant
	clause      *clause // that failed
	exception   string  // that is about the person
	date        string  // the end, as it was written
	fault       fault   // of undecided
	opened      *fault  // a date that cannot be read and was left out; nil: there is none
}

// judge asks a rule about a record that it selects. human is the record's human; dates are those of a zone.
func (m *mapper) judge(r *rule, record, human uint32, zone *time.Location) verdict {
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
	if len(r.excepts) > 0 {
		switch words, err := m.excepts(r, human); {
		case err != nil:
			return verdict{outcome: undecided, fault: m.row.fault}
		case words != "":
			return verdict{outcome: excepted, exception: words}
		}
	}
	if r.begin == nil && r.until == nil {
		return verdict{}
	}
	return m.dates(r, zone)
}

// aim points the row at the record of the rule's own source, whose attributes the rule declares.
func (m *mapper) aim(r *rule, record, human uint32) {
	id := m.sources[r.source].ID
	m.row.person = m.view.Person(int(record))
	m.row.known, m.row.human = m.row.person.Source() == id, human
	for i := human; i != none && !m.row.known; i = m.next[i] {
		if o := m.view.Person(int(i)); o.Source() == id {
			m.row.person, m.row.known = o, true
		}
	}
}

// dates works out from when until when the row's person has what the rule gives in a zone.
func (m *mapper) dates(r *rule, zone *time.Location) verdict {
	begin, err := m.date(r.begin, zone)
	until := dateIn{}
	if err == nil {
		until, err = m.date(r.until, zone)
	}
	v := verdict{from: begin.at, until: until.at, date: until.text, opened: begin.opened}
	if until.opened != nil {
		v.opened = until.opened
	}
	switch {
	case err != nil:
		return verdict{outcome: undecided, fault: m.row.fault}
	case v.until != 0 && v.from > v.until:
		_ = m.row.fail(DateOrder, "correct one of the dates", "begins on %s, after the end on %s", m.dayIn(v.from, zone), m.dayIn(v.until, zone))
		return verdict{outcome: undecided, fault: m.row.fault}
	case v.until != 0 && v.until < m.at:
		v.outcome = expired
	case v.until != 0:
		m.wake((v.until + 1).Time())
	}
	return v
}

// date reads one side of a rule's validity.
func (m *mapper) date(b *bound, zone *time.Location) (dateIn, error) {
	switch {
	case b == nil:
		return dateIn{}, nil
	case b.Attribute == "" && zone == m.zone:
		return dateIn{at: b.fixed, text: b.Fixed}, nil
	case b.Attribute == "":
		d, err := parseDate(b.Fixed, zone)
		return dateIn{at: b.instant(d, zone), text: b.Fixed}, err
	}
	if b.Missing == Open && m.row.known && len(m.row.values(b.Attribute, b.from)) == 0 {
		return dateIn{}, nil
	}
	text, err := m.row.text(b.Attribute, b.from)
	if err != nil {
		return dateIn{}, err
	}
	d, err := b.format.read(text, zone)
	switch {
	case err != nil:
		return m.unreadable(b, "%s is no date: %q", b.Attribute, text)
	case d.never && !b.isEnd:
		return m.unreadable(b, "%s says never (%s), which is no beginning", b.Attribute, text)
	}
	written := b.Attribute + " " + text
	if b.Shift.N != 0 {
		written = b.Shift.words() + " " + written
	}
	return dateIn{at: b.instant(d, zone), text: written}, nil
}

// unreadable is about a value that is no date: the file says whether the rule gives nothing then, or without that date.
func (m *mapper) unreadable(b *bound, format string, args ...any) (dateIn, error) {
	err := m.row.fail(BadDate, "write it as "+b.format.words(), format, args...)
	if b.Unreadable == Refuse {
		return dateIn{}, err
	}
	opened := m.row.fault
	opened.kind, opened.text = DateOpened, opened.text+"; as the file says, the rule gives without this date"
	m.row.fault = fault{}
	return dateIn{opened: &opened}, nil
}

func (m *mapper) day(i access.Instant) string { return m.dayIn(i, m.zone) }

func (m *mapper) dayIn(i access.Instant, zone *time.Location) string {
	return i.Time().In(zone).Format("2006-01-02")
}

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
	m.given, m.excluded, m.doubtful = m.given[:0], m.excluded[:0], m.doubtful[:0]
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
	if m.selection.lost[number] {
		return // a group that its conditions ask about cannot be found
	}
	r := &m.rules[number]
	zone := m.zoneOf(r)
	v := m.judge(r, record, human, zone)
	switch {
	case r.Listed && v.outcome == gives:
		m.giveListed(number, record)
	case r.Exclude != nil:
		m.exclude(number, v)
	case v.outcome != failed && v.outcome != off && v.outcome != excepted:
		m.give(number, record, v, zone)
	}
	switch {
	case m.quiet:
	case v.outcome == undecided:
		m.conflict(m.aboutRule(r, record, v.fault))
	case v.opened != nil:
		m.conflict(m.aboutRule(r, record, *v.opened))
	}
}

// give puts what a rule gives the row's person into m.given; v is by the days of a zone.
func (m *mapper) give(number, record uint32, v verdict, zone *time.Location) {
	r := &m.rules[number]
	for _, g := range r.grants {
		m.giveGroup(number, g, v, zone)
	}
	switch {
	case len(r.uses) == 0 || v.outcome == expired:
	case v.outcome == undecided:
		m.doubtful = append(m.doubtful, number)
	default:
		m.giveTemplates(number, record, v, zone)
	}
}

func (m *mapper) giveGroup(number, group uint32, v verdict, zone *time.Location) {
	r := &m.rules[number]
	if r.dated() && m.zones[group] != zone {
		v = m.dates(r, m.zones[group])
	}
	if v.outcome != expired {
		m.given = append(m.given, given{group: group, rule: number, from: v.from, until: v.until, role: m.roleIn(r, group), unsure: v.outcome == undecided, notify: r.Notify})
	}
}

func (r *rule) dated() bool { return r.begin != nil || r.until != nil }

// zoneOf returns the zone of the first group that a rule gives.
func (m *mapper) zoneOf(r *rule) *time.Location {
	if len(r.grants) == 0 {
		return m.zone
	}
	return m.zones[r.grants[0]]
}
