package main

import (
	"fmt"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/explain"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// moment says a time as the file would, in its time zone.
func (s *session) moment(rfc3339 string) string {
	return voice.Moment(rfc3339, s.settings.Schedule.Zone)
}

// teller tells who holds what, and why.
func (s *session) teller() *explain.Teller {
	return &explain.Teller{UI: s.ui.Voice, Zone: s.settings.Schedule.Zone}
}

// showPlan prints a plan in people and doors.
func (s *session) showPlan(f forecast) {
	if f.mode == plan.Observe {
		s.ui.Say("%s nothing will be written. This is what mode: full would do.", s.ui.Bold("mode: observe –"))
	}
	s.showLines(f)
	s.showProblems(f)
	s.showTotals(f)
}

// showLines prints the sentences of a plan: what will be done, and then what will not, and why.
func (s *session) showLines(f forecast) {
	ui, waits, effects := s.ui, waitsOf(f.told), effectsOf(f.told)
	section := ""
	for _, line := range f.told.Summary(f.Words) {
		mark, title := ui.Green("+"), ""
		if effects[line.Steps[0]] == access.Narrows {
			mark = ui.Red("-")
		}
		switch what, held := waits[line.Steps[0]]; {
		case held && what == waitsForMode:
			mark, title = "·", "Not done, because the file says mode: "+f.mode.String()+":"
		case held && what == waitsForNobody:
			mark, title = "=", "Kept as it is, by somebody's hand or word; nobody has to decide:"
		case held:
			mark, title = ui.Yellow("‖"), "Held, not done:"
		}
		if title != section {
			section = title
			ui.Say("\n%s", ui.Bold(title))
		}
		ui.Say("%s %s", mark, line.Text)
		if line.Hold != "" && mark != "·" {
			word := "held"
			if mark == "=" {
				word = "kept"
			}
			ui.Say("    %s: %s", word, line.Hold)
		}
		if len(line.People) > 1 {
			ui.Say("    %s", voice.Names(line.People))
		}
	}
}

// effectsOf returns whether steps give or take, by id.
func effectsOf(p *plan.Plan) map[string]access.Effect {
	effects := make(map[string]access.Effect, len(p.Steps))
	for i := range p.Steps {
		effects[p.Steps[i].ID.String()] = p.Steps[i].Change.Effect()
	}
	return effects
}

// waitsOf returns what the held steps of a plan wait for, by id.
func waitsOf(p *plan.Plan) map[string]int {
	waits := map[string]int{}
	for i := range p.Steps {
		if p.Steps[i].Hold != nil {
			waits[p.Steps[i].ID.String()] = waitsFor(p, i)
		}
	}
	return waits
}

// showProblems prints what could not be decided and what was noticed in Kisi.
func (s *session) showProblems(f forecast) {
	var undecided, informing []mapping.Conflict
	for _, c := range f.Conflicts {
		if c.Informs() {
			informing = append(informing, c)
		} else {
			undecided = append(undecided, c)
		}
	}
	s.showConflicts("Could not be decided; these people and rules are left as they are:", undecided)
	s.showConflicts("Worth knowing:", informing)
	loud, quiet := stillHolds(f.told.Notes)
	s.showNotes("Should have no access, and still has:", loud)
	s.showNotes("Noticed in Kisi; nothing is done about it:", quiet)
	for _, v := range f.Unsettled {
		s.ui.Say("\n%s whether an earlier call (number %d) was carried out is not known yet; it is looked at again in the next run",
			s.ui.Yellow("!"), v.Seq)
	}
}

// stillHolds parts the notes about people who should have no access from all others.
func stillHolds(all []plan.Note) (loud, quiet []plan.Note) {
	for _, n := range all {
		if n.Kind == plan.StillHolds || n.Kind == plan.Protected {
			loud = append(loud, n)
		} else {
			quiet = append(quiet, n)
		}
	}
	return loud, quiet
}

func (s *session) showNotes(title string, all []plan.Note) {
	if len(all) > 0 {
		s.ui.Say("\n%s", s.ui.Bold(title))
		printAlike(s.ui, all, func(n plan.Note) (kind, who, text, hint string) { return string(n.Kind), n.Who, n.Text, n.Hint })
	}
}

func (s *session) showConflicts(title string, all []mapping.Conflict) {
	if len(all) == 0 {
		return
	}
	s.ui.Say("\n%s", s.ui.Bold(title))
	printAlike(s.ui, all, func(c mapping.Conflict) (kind, who, text, hint string) { return c.Kind, c.Who, c.Text, c.Hint })
}

// printAlike prints a list; of many of one kind only the first few.
func printAlike[T any](ui *call, all []T, of func(T) (kind, who, text, hint string)) {
	const enough = 5
	seen, lastHint := map[string]int{}, ""
	for i, one := range all {
		kind, who, text, hint := of(one)
		seen[kind]++
		if seen[kind] <= enough {
			ui.Say("%s %s: %s", ui.Yellow("!"), who, text)
			if hint != "" && hint != lastHint {
				ui.Say("    hint: %s", hint)
			}
			lastHint = hint
		}
		last := i+1 == len(all)
		if !last {
			next, _, _, _ := of(all[i+1])
			last = next != kind
		}
		if last && seen[kind] > enough {
			ui.Say("%s and %d more of this kind (%s; --json lists all)", ui.Yellow("!"), seen[kind]-enough, kind)
		}
	}
}

// showTotals prints the last lines of a plan.
func (s *session) showTotals(f forecast) {
	todo, h := f.told.Do(), holdsOf(f.told)
	var parts []string
	switch {
	case todo > 0:
		parts = append(parts, fmt.Sprintf("%s, %s to Kisi, about %s", voice.Count(todo, "step", "steps"), voice.Count(f.told.Calls(), "call", "calls"), voice.Roughly(f.takes())))
	case h.person+h.kisi+h.mode+h.kept > 0:
		parts = append(parts, "Nothing to do now")
	case f.waiting() > 0:
		parts = append(parts, "Nothing has changed")
	case f.undecided():
		parts = append(parts, "Nothing to do now; what could not be decided stays as it is")
	case f.rests():
		parts = append(parts, "Nothing to do now")
	case s.someUnread():
		parts = append(parts, "Nothing to do by what was known before: not every source could be read")
	default:
		parts = append(parts, "Nothing to do: Kisi is as it should be")
	}
	asks := "held for a person to decide (kisi-sync apply asks)"
	switch by := s.settings.Approvals.By; {
	case f.mode == plan.Observe:
		asks = "held then, for a person to decide"
	case f.asks:
		asks = "held for you to decide"
	case len(by) > 0:
		asks = "held for " + strings.Join(by, " or ") + " to decide"
	}
	for _, held := range []struct {
		n    int
		text string
	}{
		{h.person, asks},
		{h.kisi, "held until Kisi answers; tried again by itself"},
		{h.mode, "left out by mode: " + f.mode.String()},
		{h.kept, "kept back by somebody's hand or word (kisi-sync drift and kisi-sync plans show what)"},
		{f.waiting(), "still held for a person to decide (kisi-sync plans shows what)"},
	} {
		if held.n > 0 {
			parts = append(parts, voice.Count(held.n, "step is ", "steps are ")+held.text)
		}
	}
	s.ui.Say("\n%s.", strings.Join(parts, "; "))
}
