package mapping

import (
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// What groups and sources say in the file is remembered like the rules: whoever must decide about what follows from an edit sees what was
// written and what is. No right is given by their wording, so of the earlier ones only the last is of use.

// The values of Wording.Of.
const (
	ofGroup  = "group"
	ofSource = "source"
)

// editsMatter is how long a loss that may follow from another wording of a source is told with it: people who are missing from a source are
// suspended after a grace.
const editsMatter = 7 * 24 * time.Hour

// otherWordings returns what groups and sources say.
func (r *Rules) otherWordings() (all []Wording) {
	for i := range r.groups[:r.static] {
		all = append(all, wordingOf(ofGroup, r.groups[i].Name, r.groups[i].parts()))
	}
	for i := range r.sources {
		all = append(all, wordingOf(ofSource, r.sources[i].Name, r.sources[i].Says))
	}
	return all
}

func wordingOf(of, name string, parts []Part) Wording {
	sum := fnv.New64a()
	for _, p := range parts {
		_, _ = sum.Write([]byte(p.Key + "\x00" + p.Text + "\x00"))
	}
	return Wording{Of: of, Rule: name, Mark: sum.Sum64(), Parts: parts, InUse: true}
}

func (g *Group) parts() (all []Part) {
	if !g.Openings {
		return nil
	}
	stops := make([]string, len(g.Stops))
	for i, s := range g.Stops {
		stops[i] = s.Place + " / " + s.Elevator + " / " + s.Stop
	}
	for _, p := range []Part{{"doors", strings.Join(g.Doors, ", ")}, {"elevator_stops", strings.Join(stops, ", ")}} {
		if p.Text != "" {
			all = append(all, p)
		}
	}
	return all
}

// KeepWordings returns what is to be remembered after a run that did not look at everybody, or did not believe what a source said (whose names
// are given): of groups, or of that source, what it goes by is what was said before. since is when the run was.
func KeepWordings(now, before []Wording, full bool, doubted []string, since time.Time) []Wording {
	var all []Wording
	for _, w := range now {
		i := slices.IndexFunc(before, func(b Wording) bool { return b.InUse && b.is(w.Of, w.Rule) })
		switch {
		case w.Of == "" || i < 0:
		case w.Mark == before[i].Mark:
			w = before[i]
		case !full || w.Of == ofSource && slices.Contains(doubted, w.Rule):
			w = before[i]
		default:
			w.Since = since
		}
		all = append(all, w)
	}
	return all
}

func (w *Wording) is(of, name string) bool { return w.Of == of && w.Rule == name }

// editOf says what somebody changed about a group or a source since the last run: "groups.Staff changed in the file: doors A → B". "" for
// nothing, also where it is new.
func editOf(before []Wording, now Wording) string {
	for i := range before {
		if b := &before[i]; b.InUse && b.is(now.Of, now.Rule) && b.Mark != now.Mark {
			return now.Of + "s." + now.Rule + " changed in the file: " + b.to(&now)
		}
	}
	return ""
}

// SourceEdit says what somebody changed about a source since the last run that believed what it brought; "" for nothing.
func (r *Rules) SourceEdit(before []Wording, source string) string {
	for _, w := range r.otherWordings() {
		if w.is(ofSource, source) {
			return editOf(before, w)
		}
	}
	return ""
}

// editedBeside notes what was changed about groups and sources in the file: at the groups, at the rules about people of the sources, and for those
// who are missing from them, or out of their scope.
func (m *mapper) editedBeside(desired *access.Desired) {
	for _, now := range m.otherWordings() {
		text := editOf(m.in.Wordings, now)
		if now.Of == ofGroup {
			if g, ok := m.groupNamed(now.Rule); ok {
				m.groups[g].Edit = text
			}
			continue
		}
		if text != "" {
			desired.SourceEdits = append(desired.SourceEdits, text)
			m.editRulesOf(desired, now.Rule, text)
		} else if text := m.recentEdit(now); text != "" {
			desired.SourceEdits = append(desired.SourceEdits, text)
		}
	}
}

// editRulesOf notes a change of a source at the rules about its people.
func (m *mapper) editRulesOf(desired *access.Desired, source, text string) {
	for i := range m.rules {
		if m.rules[i].From.Source != source {
			continue
		}
		name := m.rules[i].Name
		at, found := slices.BinarySearchFunc(desired.Edits, name, func(e access.Edit, name string) int { return strings.Compare(e.Rule, name) })
		if found {
			desired.Edits[at].Text += "; " + text
		} else {
			desired.Edits = slices.Insert(desired.Edits, at, access.Edit{Rule: name, Text: text})
		}
	}
}

// recentEdit says what was changed about a source lately, by which runs go already.
func (m *mapper) recentEdit(now Wording) string {
	var was, is *Wording
	for i := range m.in.Wordings {
		switch w := &m.in.Wordings[i]; {
		case !w.is(now.Of, now.Rule):
		case w.InUse:
			is = w
		default:
			was = w
		}
	}
	if is == nil || was == nil || is.Since.IsZero() || m.in.At.Sub(is.Since) > editsMatter {
		return ""
	}
	return "sources." + now.Rule + " changed in the file on " + is.Since.In(m.zone).Format(time.DateOnly) + ": " + was.to(is)
}
