package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// showExplanation tells the walk to a person.
func (s *session) showExplanation(x *explanation) {
	ui := s.ui
	ui.Say("%s", ui.Bold("In the directories"))
	if len(x.Records) == 0 {
		ui.Say("  in no source")
	}
	for _, r := range x.Records {
		s.showRecord(r)
	}
	if len(x.Pins) > 0 {
		ui.Say("\n%s", ui.Bold("What people have said"))
	}
	for _, p := range x.Pins {
		ui.Say("  %s %sby %s: %s", pinWords(p.Kind), s.span("", p.Until), p.By, p.Why)
		if p.Since != "" {
			ui.Say("      since %s", s.moment(p.Since))
		}
	}
	if len(x.Rules) > 0 {
		ui.Say("\n%s", ui.Bold("The rules"))
	}
	for _, r := range x.Rules {
		s.showRule(r)
	}
	for _, p := range x.Problems {
		ui.Say("  %s %s: %s", ui.Yellow("!"), p.Who, p.Text)
		if p.Hint != "" {
			ui.Say("      hint: %s", p.Hint)
		}
	}
	ui.Say("\n%s", ui.Bold("So should hold"))
	s.showShould(x.Should)
	ui.Say("\n%s", ui.Bold("In Kisi now"))
	s.showInKisi(x)
	ui.Say("\n%s", ui.Bold("The next run"))
	s.showNext(x)
}

func (s *session) showRecord(r recordRow) {
	state := "active"
	if r.Active == "no" {
		state = s.ui.Red("disabled")
	}
	s.ui.Say("  %s: %s, %s, %s", r.Source, orNone(r.Name, "no name"), orNone(r.Email, "no e-mail address"), state)
	s.ui.Say("      id %s", r.ID)
	for _, h := range r.Handles {
		s.ui.Say("      %s", strings.Replace(h, "=", " ", 1))
	}
	for _, name := range r.order {
		s.ui.Say("      person.%s = %s", name, orNone(strings.Join(r.Attributes[name], ", "), "(none)"))
	}
	if r.Missing != "" {
		s.ui.Say("      %s missing since %s, which is not believed", s.ui.Yellow("!"), s.moment(r.Missing))
	}
}

// pinWords says what a pin makes of somebody.
func pinWords(kind string) string {
	switch kind {
	case "block":
		return "blocked"
	case "exempt":
		return "keeps what is there"
	case "adopt":
		return "adopted"
	case "release":
		return "released"
	}
	return "gets a Kisi user with the new address"
}

func orNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

func (s *session) showRule(r ruleRow) {
	ui := s.ui
	mark, text := ui.Red("✗"), strings.ReplaceAll(r.Outcome, "_", " ")+bracketed(r.Text)
	switch r.Outcome {
	case "gives":
		mark, text = ui.Green("✓"), "gives "+strings.Join(r.Grants, ", ")+bracketed(r.Text)
	case "excludes":
		mark, text = ui.Red("✗"), "excludes from "+strings.Join(r.Grants, ", ")+", whatever gives it"+bracketed(r.Text)
	case "excepted":
		text = "not about this person, who is an exception of it" + bracketed(r.Text)
	case "not_selected":
		mark, text = "·", "not about this person"+bracketed(r.Text)
	case "condition_failed":
		text = "its condition does not hold: " + r.Clause + bracketed(r.Text)
	case "expired":
		text = "no longer: " + r.Text
	case "undecided":
		mark = ui.Yellow("!")
		text = "cannot be decided, what it gave stays" + bracketed(r.Text)
	case "record_disabled":
		text = "gives nothing to a disabled person" + bracketed(r.Text)
	}
	ui.Say("  %s %s: %s", mark, r.Rule, text)
	if len(r.Through) > 1 {
		ui.Say("      through %s", strings.Join(r.Through, " → "))
	}
	for _, x := range r.Excluded {
		if x.Unsure {
			ui.Say("      but not %s for now: rule %s may exclude from it, which cannot be decided; what there is stays", x.Group, x.Rule)
			continue
		}
		ui.Say("      but not %s: rule %s excludes from it, and that goes first", x.Group, x.Rule)
	}
	if r.Outcome == "gives" && (r.From != "" || r.Until != "") {
		ui.Say("      valid %s", strings.TrimSpace(s.span(r.From, r.Until)))
	}
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// span says from when until when, with a space behind it; "" when it is open on both sides.
func (s *session) span(from, until string) string {
	text := ""
	if from != "" {
		text += "from " + s.moment(from) + " "
	}
	if until != "" {
		text += "until " + s.moment(until) + " "
	}
	return text
}

// moment says a time as the file would, in its time zone.
func (s *session) moment(rfc3339 string) string {
	t, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return rfc3339
	}
	return t.In(s.settings.Schedule.Zone).Format("2006-01-02 15:04 MST")
}

func (s *session) showShould(w *shouldHold) {
	if w == nil {
		s.ui.Say("  nothing by the rules")
		return
	}
	switch w.Standing {
	case "suspend":
		s.ui.Say("  no access at all: %s", w.Cause)
		if len(w.Grants) > 0 {
			s.ui.Say("  (and again on return:)")
		}
	case "remove":
		s.ui.Say("  no Kisi user any more: %s", w.Cause)
	case "leave":
		s.ui.Say("  left exactly as it is: %s", w.Cause)
	}
	for _, g := range w.Grants {
		if g.Unsure {
			s.ui.Say("  %s: not decided, it stays as it is", g.Group)
			continue
		}
		s.ui.Say("  %s %s(%s)", asRole(g.Group, g.Role), s.span(g.From, g.Until), g.Cause)
		for _, low := range g.Covered {
			s.ui.Say("      rule %s gives it as %s only; somebody has one role in a group, and the higher one wins", low.Rule, low.Role)
		}
	}
	for _, l := range w.Losses {
		s.ui.Say("  not %s any more: %s", l.Group, l.Cause)
	}
	if w.Standing == "keep" && len(w.Grants)+len(w.Losses) == 0 {
		s.ui.Say("  nothing by the rules")
	}
}

// asRole names what somebody holds. A role on a place or the organization says already what it is.
func asRole(group, role string) string {
	if role == access.ScopedRole.Words() {
		return group
	}
	return group + " as " + role
}

func (s *session) showInKisi(x *explanation) {
	switch {
	case x.Kisi == nil && x.Unknown:
		s.ui.Say("  not known: Kisi does not answer")
		return
	case x.Kisi == nil:
		s.ui.Say("  no such user")
		return
	}
	k, state := x.Kisi, "enabled"
	if !k.Enabled {
		state = s.ui.Red("suspended")
	}
	s.ui.Say("  %s, %s, %s (user %d, %s)", orNone(k.Name, "no name"), k.Email, state, k.ID, levelWords(k.Level))
	for _, g := range k.Grants {
		text := fmt.Sprintf("      %s %s(%s", asRole(g.Group, g.Role), s.span(g.From, g.Until), levelWords(g.Level))
		if g.Since != "" {
			text += " since " + s.moment(g.Since)
		}
		if g.Cause != "" {
			text += ", " + g.Cause
		}
		s.ui.Say("%s)", text)
	}
	if len(k.Grants) == 0 {
		s.ui.Say("      holds no group")
	}
}

// levelWords says how far something is ours.
func levelWords(level string) string {
	switch level {
	case "foreign":
		return "made by others"
	case "satisfied":
		return "given by others, as the rules want"
	case "linked":
		return "made by others, known to us"
	}
	return level + " by kisi-sync"
}

func (s *session) showNext(x *explanation) {
	switch {
	case len(x.Next) == 0 && x.Unknown:
		s.ui.Say("  not known either")
	case len(x.Next) == 0 && x.Kisi != nil && x.Kisi.Level == "foreign" && len(x.Records) == 0:
		s.ui.Say("  does nothing: kisi-sync touches nothing that others made")
	case len(x.Next) == 0 && x.undecided():
		s.ui.Say("  does nothing: what cannot be decided stays as it is")
	case len(x.Next) == 0:
		s.ui.Say("  does nothing: it is as it should be")
	}
	for _, line := range x.Next {
		s.ui.Say("  %s", line.Text)
		if line.Hold != "" {
			s.ui.Say("      %s: %s", s.ui.Yellow("held, not done"), line.Hold)
		}
	}
}
