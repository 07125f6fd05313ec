package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// lost lists the owned rights that no rule gives any more, each with its cause. A right that a rule which cannot be asked now may
// give is left alone. human is none for an account whose person the file no longer knows; wished is sorted by group. Who is exempt
// loses only what a directory takes by disabling a record.
func (m *mapper) lost(human, a uint32, wished []access.WishedGrant) []access.Loss {
	var buf [16]access.Loss
	all, account, exempt := buf[:0], &m.ledger()[a], m.exempt(a, human) != nil
	for i := range account.Owned {
		o := &account.Owned[i]
		group, known := m.byRemote[o.Group]
		if known && slices.ContainsFunc(wished, func(w access.WishedGrant) bool { return w.Group == group }) {
			continue
		}
		if m.untouchable(human, account, o) {
			continue
		}
		cause := m.lossCause(human, account, o)
		if exempt && cause.Kind != access.Disabled {
			continue
		}
		all = append(all, access.Loss{Group: o.Group, Cause: m.causes.number(cause)})
	}
	out := m.losses.take(len(all))
	copy(out, all)
	return out
}

// untouchable says that an owned right may still be wanted: a rule that gave it, or that could give it now, cannot be asked.
func (m *mapper) untouchable(human uint32, account *access.Account, o *access.OwnedGrant) bool {
	return m.unresolved(o.Group) || human != none && m.undecidedNow(o) || m.unaskable(human, account, o)
}

// unaskable says that a rule which gave an owned right, or could give it now, cannot be asked about this person.
func (m *mapper) unaskable(human uint32, account *access.Account, o *access.OwnedGrant) bool {
	gave := m.rulesOf(o)
	for i := range m.rules {
		if !slices.Contains(gave, m.rules[i].Name) && !m.grantsGroup(i, o.Group) {
			continue
		}
		if m.selection.lost[i] || m.waitsFor(human, account, m.rules[i].source) || m.unpushed(uint32(i), human, account) {
			return true
		}
		for _, g := range m.rules[i].grants {
			if m.groups[g].Problem != "" && m.groups[g].ID == 0 && slices.Contains(gave, m.rules[i].Name) {
				return true // the right may be in this very group
			}
		}
	}
	return false
}

// unpushed says that a rule does not select somebody, and that this proves nothing yet: its source is pushed to, and nobody has said that
// it has been told everything. That somebody was deleted there is proof.
func (m *mapper) unpushed(rule, human uint32, account *access.Account) bool {
	source := m.rules[rule].source
	if !m.gathering[source] {
		return false
	}
	if human != none {
		if _, selected := m.selects(rule, human); selected {
			return false
		}
	}
	if account == nil {
		return true
	}
	_, deleted := m.goneFrom(account, source)
	return !deleted
}

// unresolved says that a group which we know is one that the file names, but which could not be found under its name now.
func (m *mapper) unresolved(id access.RemoteID) bool {
	ours, ok := m.in.Owned.Group(id)
	if !ok {
		return false
	}
	g, ok := m.groupNamed(ours.Name)
	return ok && m.groups[g].Problem != ""
}

func (m *mapper) grantsGroup(rule int, id access.RemoteID) bool {
	group, ok := m.byRemote[id]
	return ok && m.mayGive(&m.rules[rule], group)
}

// waitsFor says that the account had a record in a source, has none there now, and that this is not settled yet.
func (m *mapper) waitsFor(human uint32, account *access.Account, source int) bool {
	for i := human; i != none; i = m.next[i] {
		if m.view.Person(int(i)).Source() == m.sources[source].ID {
			return false
		}
	}
	for _, a := range account.Link.Anchors {
		if id, _ := m.cut(a); id != m.sources[source].ID {
			continue
		}
		x := m.absence(a)
		m.wakeAt(x.ends)
		if x.open() {
			return true
		}
	}
	return false
}

func (m *mapper) rulesOf(o *access.OwnedGrant) []string {
	if o.Cause == nil || o.Cause.Rule == "" {
		return nil
	}
	return strings.Split(o.Cause.Rule, ruleSeparator)
}

// lossCause says why an owned right is not wanted any more: because the file changed, or because the person did.
func (m *mapper) lossCause(human uint32, account *access.Account, o *access.OwnedGrant) access.Cause {
	names := m.rulesOf(o)
	cause := access.Cause{Kind: access.ByFile, Text: "no rule gives it"}
	if o.Cause != nil {
		cause.Rule, cause.Mark = o.Cause.Rule, o.Cause.Mark
	}
	var rules []uint32
	for _, name := range names {
		i, ok := m.ruleNamed(name)
		if !ok {
			cause.Text = m.removedWords(name, names, o.Cause.Mark)
			return cause
		}
		rules = append(rules, uint32(i))
	}
	switch {
	case len(rules) == 0:
		if _, declared := m.byRemote[o.Group]; declared && m.anyGrants(o.Group) {
			cause.Kind = access.LeftGroup
		}
		return cause
	case m.markOf(rules, o.Group) != o.Cause.Mark:
		cause.Text = m.changedWords(names, rules, o.Cause.Mark, m.excludersOf(o.Group))
		return cause
	}
	if by, is := m.excludedBy(o.Group, human, account); is {
		cause.Kind, cause.Text = access.LeftGroup, m.excludedWords(by)
		return cause
	}
	cause.Kind, cause.Text = m.why(rules[0], human, account, o.Group)
	return cause
}

// excludersOf returns the rules that exclude from a group in Kisi.
func (m *mapper) excludersOf(id access.RemoteID) []uint32 {
	if group, known := m.byRemote[id]; known {
		return m.excluders[group]
	}
	return nil
}

// markOf returns the digest of rules that give a group in Kisi, and of those that exclude from it.
func (m *mapper) markOf(rules []uint32, id access.RemoteID) uint64 {
	return m.mark(slices.Concat(rules, m.excludersOf(id)))
}

// zoneIn returns the zone in which the days of a group's rights are.
func (m *mapper) zoneIn(id access.RemoteID) *time.Location {
	if group, known := m.byRemote[id]; known {
		return m.zones[group]
	}
	return m.zone
}

func (m *mapper) anyGrants(id access.RemoteID) bool {
	for i := range m.rules {
		if m.grantsGroup(i, id) {
			return true
		}
	}
	return false
}

// why says what changed about a person, so that a rule which gave something does not any more.
func (m *mapper) why(number, human uint32, account *access.Account, group access.RemoteID) (access.CauseKind, string) {
	r := &m.rules[number]
	left := "no longer a " + m.wordsOf(int(number))
	if r.From.Everyone {
		left = "no longer in " + r.From.Source
	}
	record, ok := m.selects(number, human)
	if !ok {
		if a, was := m.goneFrom(account, r.source); was {
			cause := m.goneCause(a)
			return cause.Kind, cause.Text
		}
		return access.LeftGroup, left
	}
	switch v := m.judge(r, record, human, m.zoneIn(group)); v.outcome {
	case failed:
		return access.LeftGroup, "no longer so: " + v.clause.words()
	case expired:
		return access.Expired, v.date + " has passed"
	case excepted:
		return access.LeftGroup, "excepted now: " + v.exception
	case off:
		return access.Disabled, "disabled in " + m.sourceName(record)
	case gives:
		if r.Listed {
			return m.whyUnlisted(r, group)
		}
		if len(r.uses) > 0 {
			return access.LeftGroup, m.templateWords(r)
		}
	}
	return access.LeftGroup, left
}

// goneFrom says that the account had a record in a source that is gone for good.
func (m *mapper) goneFrom(account *access.Account, source int) (absence, bool) {
	for _, a := range account.Link.Anchors {
		if id, _ := m.cut(a); id == m.sources[source].ID {
			if x := m.absence(a); x.whereabouts == gone {
				return x, true
			}
		}
	}
	return absence{}, false
}
