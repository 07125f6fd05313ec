package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

// Wording is what a rule says or said, so that who must decide about a change of the file sees what was changed.
type Wording struct {
	Rule  string    // its name
	Of    string    `json:",omitempty"` // "": a rule; else it is what a group or a source of this name says
	Mark  uint64    // of this rule alone
	Parts []Part    // in the order of the file, without what the rule does not say
	InUse bool      // the rule is in the file by which the last run went
	Since time.Time `json:",omitzero"` // of a source: when runs began to go by it; zero: from the beginning
}

// Part is a key of a rule, and what it says.
type Part struct{ Key, Text string }

// Wordings returns what the rules of the file say, sorted by rule, and behind them what its groups and sources say.
func (r *Rules) Wordings() []Wording { return append(r.ruleWordings(), r.otherWordings()...) }

func (r *Rules) ruleWordings() []Wording {
	all := make([]Wording, 0, len(r.rules))
	for i := range r.rules {
		all = append(all, Wording{Rule: r.rules[i].Name, Mark: r.rules[i].mark, Parts: r.rules[i].parts(), InUse: true})
	}
	return all
}

func (r *rule) parts() (all []Part) {
	say := func(key, text string) {
		if text != "" {
			all = append(all, Part{key, text})
		}
	}
	say("source", r.From.Source)
	say("group", r.From.Group)
	say("everyone", onlyIf(r.From.Everyone, "true"))
	say("where", r.Where)
	for _, x := range r.conditions {
		say("condition "+x.Name, x.Text)
	}
	var except []string
	for i := range r.Except {
		except = append(except, r.Except[i].words())
	}
	say("except", strings.Join(except, "; "))
	say("grant", strings.Join(slices.Sorted(slices.Values(r.Grant)), ", "))
	var roles []string
	for _, x := range r.sortedRoles() {
		roles = append(roles, access.RoleWords(x.Role, x.Place))
	}
	say("grant_roles", strings.Join(roles, ", "))
	say("exclude", strings.Join(slices.Sorted(slices.Values(r.Exclude)), ", "))
	say("grant_listed", onlyIf(r.Listed, "true"))
	say("role", onlyIf(r.role() != access.DoorAccess, r.role().Words()))
	say("from_date", r.Begin.words())
	say("until", r.Until.words())
	say("notify", onlyIf(r.Notify, "true"))
	for _, a := range r.reads {
		if r.Listed && a.From == listed.Attribute {
			continue // which grant_listed says already
		}
		say("attribute "+a.Name, a.From+onlyIf(a.List, " (a list)")+onlyIf(a.Format != "", " (a date as "+a.Format+")"))
	}
	return all
}

func onlyIf(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// words says a date as the file does; "" for none.
func (d *Date) words() string {
	switch {
	case d == nil:
		return ""
	case d.Attribute == "":
		return d.Fixed
	}
	text := d.Attribute
	if d.Shift.N != 0 {
		text = d.Shift.words() + " " + text
	}
	if d.Format != "" {
		text += " as " + d.Format
	}
	if d.Missing == Open {
		text += " (without an end if missing)"
	}
	return text + onlyIf(d.Unreadable == Open, " (without an end if unreadable)")
}

// to says what is otherwise in a later wording: "group Staff → Berlin; where (none) → …".
func (w *Wording) to(later *Wording) string {
	var all []string
	differ := func(key string) {
		before, after := w.part(key), later.part(key)
		if before != after {
			all = append(all, key+" "+orNone(before)+" → "+orNone(after))
		}
	}
	for _, p := range w.Parts {
		differ(p.Key)
	}
	for _, p := range later.Parts {
		if w.part(p.Key) == "" {
			differ(p.Key)
		}
	}
	return strings.Join(all, "; ")
}

func (w *Wording) part(key string) string {
	for _, p := range w.Parts {
		if p.Key == key {
			return p.Text
		}
	}
	return ""
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

// said says all that a rule said.
func (w *Wording) said() string {
	var all []string
	for _, p := range w.Parts {
		all = append(all, p.Key+" "+p.Text)
	}
	return strings.Join(all, "; ")
}

// mostTried bounds how many combinations of earlier wordings are tried for a right that several rules gave.
const mostTried = 1000

// worded finds what rules said when they gave a right: one wording each, nil when that is not remembered.
func (m *mapper) worded(names []string, mark uint64) []*Wording {
	tried, chosen, marks := 0, make([]*Wording, len(names)), make([]uint64, len(names))
	var choose func(i int) bool
	choose = func(i int) bool {
		if i == len(names) {
			tried++
			return joined(marks) == mark
		}
		for k := len(m.in.Wordings) - 1; k >= 0 && tried < mostTried; k-- {
			w := &m.in.Wordings[k]
			if chosen[i], marks[i] = w, w.Mark; w.is("", names[i]) && choose(i+1) {
				return true
			}
		}
		return false
	}
	if !choose(0) {
		return nil
	}
	return chosen
}

// removedWords says that a rule is not in the file any more, and what it said.
func (m *mapper) removedWords(name string, names []string, mark uint64) string {
	return m.remember(mark, func() string {
		text := "rule " + name + " is no longer in the file"
		if was := m.worded(names, mark); was != nil {
			text += "; it said: " + was[slices.Index(names, name)].said()
		}
		return text
	})
}

// changedWords says that rules say something else now than when they gave a right, and what.
func (m *mapper) changedWords(names []string, rules []uint32, mark uint64, excluders []uint32) string {
	return m.remember(mark, func() string {
		if len(excluders) > 0 && m.mark(rules) == mark {
			return m.newlyExcluded(excluders)
		}
		var all []string
		for _, r := range excluders {
			names, rules = append(slices.Clone(names), m.rules[r].Name), append(slices.Clone(rules), r)
		}
		for i, was := range m.worded(names, mark) {
			now := &m.rules[rules[i]]
			if was.Mark != now.mark {
				all = append(all, changeOf(was, now))
			}
		}
		if all == nil {
			return "rule " + strings.Join(names, ruleSeparator) + " changed in the file"
		}
		return strings.Join(all, "; ")
	})
}

// newlyExcluded is about a right that was given when nothing excluded anybody from its group.
func (m *mapper) newlyExcluded(excluders []uint32) string {
	var all []string
	for _, r := range excluders {
		said := Wording{Parts: m.rules[r].parts()}
		all = append(all, "rule "+m.rules[r].Name+" is new in the file and excludes: "+said.said())
	}
	return strings.Join(all, "; ")
}

// excludedWords says that a rule excludes somebody from a group.
func (m *mapper) excludedWords(rule uint32) string {
	return "rule " + m.rules[rule].Name + " excludes: " + m.wordsOf(int(rule))
}

func changeOf(was *Wording, now *rule) string {
	text := "rule " + now.Name + " changed in the file"
	if differs := was.to(&Wording{Parts: now.parts()}); differs != "" {
		text += ": " + differs
	}
	return text
}

// remember keeps a text by the mark that it is about: many people lose something by one edit.
func (m *mapper) remember(mark uint64, make func() string) string {
	text, ok := m.edited[mark]
	if !ok {
		text = make()
		m.edited[mark] = text
	}
	return text
}

// edits returns the rules that the file by which the last run went did not have, or not so.
func (m *mapper) edits() (all []access.Edit) {
	if len(m.in.Wordings) == 0 {
		return nil // the first run, or one after an update: what would be said of every rule
	}
	for i := range m.rules {
		now := &m.rules[i]
		same := func(w Wording) bool { return w.is("", now.Name) && w.InUse && w.Mark == now.mark }
		if slices.ContainsFunc(m.in.Wordings, same) {
			continue
		}
		edit := access.Edit{Rule: now.Name, Text: "rule " + now.Name + " is new in the file"}
		for k := range m.in.Wordings {
			if was := &m.in.Wordings[k]; was.is("", now.Name) && was.InUse {
				edit.Text = changeOf(was, now)
			}
		}
		all = append(all, edit)
	}
	return all
}
