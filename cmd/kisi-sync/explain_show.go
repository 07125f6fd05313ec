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
	ui.say("%s", ui.bold("In the directories"))
	if len(x.Records) == 0 {
		ui.say("  in no source")
	}
	for _, r := range x.Records {
		s.showRecord(r)
	}
	if len(x.Pins) > 0 {
		ui.say("\n%s", ui.bold("What people have said"))
	}
	for _, p := range x.Pins {
		ui.say("  %s %sby %s: %s", pinWords(p.Kind), s.span("", p.Until), p.By, p.Why)
		if p.Since != "" {
			ui.say("      since %s", s.moment(p.Since))
		}
	}
	if len(x.Rules) > 0 {
		ui.say("\n%s", ui.bold("The rules"))
	}
	for _, r := range x.Rules {
		s.showRule(r)
	}
	for _, p := range x.Problems {
		ui.say("  %s %s: %s", ui.yellow("!"), p.Who, p.Text)
		if p.Hint != "" {
			ui.say("      hint: %s", p.Hint)
		}
	}
	ui.say("\n%s", ui.bold("So should hold"))
	s.showShould(x.Should)
	ui.say("\n%s", ui.bold("In Kisi now"))
	s.showInKisi(x)
	ui.say("\n%s", ui.bold("The next run"))
	s.showNext(x)
}

func (s *session) showRecord(r recordRow) {
	state := "active"
	if r.Active == "no" {
		state = s.ui.red("disabled")
	}
	s.ui.say("  %s: %s, %s, %s", r.Source, orNone(r.Name, "no name"), orNone(r.Email, "no e-mail address"), state)
	s.ui.say("      id %s", r.ID)
	for _, h := range r.Handles {
		s.ui.say("      %s", strings.Replace(h, "=", " ", 1))
	}
	for _, name := range r.order {
		s.ui.say("      person.%s = %s", name, orNone(strings.Join(r.Attributes[name], ", "), "(none)"))
	}
	if r.Missing != "" {
		s.ui.say("      %s missing since %s, which is not believed", s.ui.yellow("!"), s.moment(r.Missing))
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
	mark, text := ui.red("✗"), strings.ReplaceAll(r.Outcome, "_", " ")+bracketed(r.Text)
	switch r.Outcome {
	case "gives":
		mark, text = ui.green("✓"), "gives "+strings.Join(r.Grants, ", ")+bracketed(r.Text)
	case "excludes":
		mark, text = ui.red("✗"), "excludes from "+strings.Join(r.Grants, ", ")+", whatever gives it"+bracketed(r.Text)
	case "excepted":
		text = "not about this person, who is an exception of it" + bracketed(r.Text)
	case "not_selected":
		mark, text = "·", "not about this person"+bracketed(r.Text)
	case "condition_failed":
		text = "its condition does not hold: " + r.Clause + bracketed(r.Text)
	case "expired":
		text = "no longer: " + r.Text
	case "undecided":
		mark = ui.yellow("!")
		text = "cannot be decided, what it gave stays" + bracketed(r.Text)
	case "record_disabled":
		text = "gives nothing to a disabled person" + bracketed(r.Text)
	}
	ui.say("  %s %s: %s", mark, r.Rule, text)
	if len(r.Through) > 1 {
		ui.say("      through %s", strings.Join(r.Through, " → "))
	}
	for _, x := range r.Excluded {
		if x.Unsure {
			ui.say("      but not %s for now: rule %s may exclude from it, which cannot be decided; what there is stays", x.Group, x.Rule)
			continue
		}
		ui.say("      but not %s: rule %s excludes from it, and that goes first", x.Group, x.Rule)
	}
	if r.Outcome == "gives" && (r.From != "" || r.Until != "") {
		ui.say("      valid %s", strings.TrimSpace(s.span(r.From, r.Until)))
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
		s.ui.say("  nothing by the rules")
		return
	}
	switch w.Standing {
	case "suspend":
		s.ui.say("  no access at all: %s", w.Cause)
		if len(w.Grants) > 0 {
			s.ui.say("  (and again on return:)")
		}
	case "remove":
		s.ui.say("  no Kisi user any more: %s", w.Cause)
	case "leave":
		s.ui.say("  left exactly as it is: %s", w.Cause)
	}
	for _, g := range w.Grants {
		if g.Unsure {
			s.ui.say("  %s: not decided, it stays as it is", g.Group)
			continue
		}
		s.ui.say("  %s %s(%s)", asRole(g.Group, g.Role), s.span(g.From, g.Until), g.Cause)
		for _, low := range g.Covered {
			s.ui.say("      rule %s gives it as %s only; somebody has one role in a group, and the higher one wins", low.Rule, low.Role)
		}
	}
	for _, l := range w.Losses {
		s.ui.say("  not %s any more: %s", l.Group, l.Cause)
	}
	if w.Standing == "keep" && len(w.Grants)+len(w.Losses) == 0 {
		s.ui.say("  nothing by the rules")
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
		s.ui.say("  not known: Kisi does not answer")
		return
	case x.Kisi == nil:
		s.ui.say("  no such user")
		return
	}
	k, state := x.Kisi, "enabled"
	if !k.Enabled {
		state = s.ui.red("suspended")
	}
	s.ui.say("  %s, %s, %s (user %d, %s)", orNone(k.Name, "no name"), k.Email, state, k.ID, levelWords(k.Level))
	for _, g := range k.Grants {
		text := fmt.Sprintf("      %s %s(%s", asRole(g.Group, g.Role), s.span(g.From, g.Until), levelWords(g.Level))
		if g.Since != "" {
			text += " since " + s.moment(g.Since)
		}
		if g.Cause != "" {
			text += ", " + g.Cause
		}
		s.ui.say("%s)", text)
	}
	if len(k.Grants) == 0 {
		s.ui.say("      holds no group")
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
		s.ui.say("  not known either")
	case len(x.Next) == 0 && x.Kisi != nil && x.Kisi.Level == "foreign" && len(x.Records) == 0:
		s.ui.say("  does nothing: kisi-sync touches nothing that others made")
	case len(x.Next) == 0 && x.undecided():
		s.ui.say("  does nothing: what cannot be decided stays as it is")
	case len(x.Next) == 0:
		s.ui.say("  does nothing: it is as it should be")
	}
	for _, line := range x.Next {
		s.ui.say("  %s", line.Text)
		if line.Hold != "" {
			s.ui.say("      %s: %s", s.ui.yellow("held, not done"), line.Hold)
		}
	}
}
