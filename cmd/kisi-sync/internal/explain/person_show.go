package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Teller tells people who holds what, and why. Both fields are required.
type Teller struct {
	UI   *voice.Voice
	Zone *time.Location // of the times
}

// Person tells the walk to one person, from the directories to the next run.
func (t *Teller) Person(x *Explanation) {
	ui := t.UI
	ui.Say("%s", ui.Bold("In the directories"))
	if len(x.Records) == 0 {
		ui.Say("  in no source")
	}
	for _, r := range x.Records {
		t.showRecord(r)
	}
	if len(x.Pins) > 0 {
		ui.Say("\n%s", ui.Bold("What people have said"))
	}
	for _, p := range x.Pins {
		ui.Say("  %s %sby %s: %s", pinWords(p.Kind), t.span("", p.Until), p.By, p.Why)
		if p.Since != "" {
			ui.Say("      since %s", voice.Moment(p.Since, t.Zone))
		}
	}
	if len(x.Rules) > 0 {
		ui.Say("\n%s", ui.Bold("The rules"))
	}
	for _, r := range x.Rules {
		t.showRule(r)
	}
	for _, p := range x.Problems {
		ui.Say("  %s %s: %s", ui.Yellow("!"), p.Who, p.Text)
		if p.Hint != "" {
			ui.Say("      hint: %s", p.Hint)
		}
	}
	ui.Say("\n%s", ui.Bold("So should hold"))
	t.showShould(x.Should)
	ui.Say("\n%s", ui.Bold("In Kisi now"))
	t.showInKisi(x)
	ui.Say("\n%s", ui.Bold("The next run"))
	t.showNext(x)
}

func (t *Teller) showRecord(r recordRow) {
	state := "active"
	if r.Active == "no" {
		state = t.UI.Red("disabled")
	}
	t.UI.Say("  %s: %s, %s, %s", r.Source, voice.OrNone(r.Name, "no name"), voice.OrNone(r.Email, "no e-mail address"), state)
	t.UI.Say("      id %s", r.ID)
	for _, h := range r.Handles {
		t.UI.Say("      %s", strings.Replace(h, "=", " ", 1))
	}
	for _, name := range r.order {
		t.UI.Say("      person.%s = %s", name, voice.OrNone(strings.Join(r.Attributes[name], ", "), "(none)"))
	}
	if r.Missing != "" {
		t.UI.Say("      %s missing since %s, which is not believed", t.UI.Yellow("!"), voice.Moment(r.Missing, t.Zone))
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

func (t *Teller) showRule(r ruleRow) {
	ui := t.UI
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
		ui.Say("      valid %s", strings.TrimSpace(t.span(r.From, r.Until)))
	}
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// span says from when until when, with a space behind it; "" when it is open on both sides.
func (t *Teller) span(from, until string) string {
	text := ""
	if from != "" {
		text += "from " + voice.Moment(from, t.Zone) + " "
	}
	if until != "" {
		text += "until " + voice.Moment(until, t.Zone) + " "
	}
	return text
}

func (t *Teller) showShould(w *shouldHold) {
	if w == nil {
		t.UI.Say("  nothing by the rules")
		return
	}
	switch w.Standing {
	case "suspend":
		t.UI.Say("  no access at all: %s", w.Cause)
		if len(w.Grants) > 0 {
			t.UI.Say("  (and again on return:)")
		}
	case "remove":
		t.UI.Say("  no Kisi user any more: %s", w.Cause)
	case "leave":
		t.UI.Say("  left exactly as it is: %s", w.Cause)
	}
	for _, g := range w.Grants {
		if g.Unsure {
			t.UI.Say("  %s: not decided, it stays as it is", g.Group)
			continue
		}
		t.UI.Say("  %s %s(%s)", asRole(g.Group, g.Role), t.span(g.From, g.Until), g.Cause)
		for _, low := range g.Covered {
			t.UI.Say("      rule %s gives it as %s only; somebody has one role in a group, and the higher one wins", low.Rule, low.Role)
		}
	}
	for _, l := range w.Losses {
		t.UI.Say("  not %s any more: %s", l.Group, l.Cause)
	}
	if w.Standing == "keep" && len(w.Grants)+len(w.Losses) == 0 {
		t.UI.Say("  nothing by the rules")
	}
}

// asRole names what somebody holds. A role on a place or the organization says already what it is.
func asRole(group, role string) string {
	if role == access.ScopedRole.Words() {
		return group
	}
	return group + " as " + role
}

func (t *Teller) showInKisi(x *Explanation) {
	switch {
	case x.Kisi == nil && x.Unknown:
		t.UI.Say("  not known: Kisi does not answer")
		return
	case x.Kisi == nil:
		t.UI.Say("  no such user")
		return
	}
	k, state := x.Kisi, "enabled"
	if !k.Enabled {
		state = t.UI.Red("suspended")
	}
	t.UI.Say("  %s, %s, %s (user %d, %s)", voice.OrNone(k.Name, "no name"), k.Email, state, k.ID, LevelWords(k.Level))
	for _, g := range k.Grants {
		text := fmt.Sprintf("      %s %s(%s", asRole(g.Group, g.Role), t.span(g.From, g.Until), LevelWords(g.Level))
		if g.Since != "" {
			text += " since " + voice.Moment(g.Since, t.Zone)
		}
		if g.Cause != "" {
			text += ", " + g.Cause
		}
		t.UI.Say("%s)", text)
	}
	if len(k.Grants) == 0 {
		t.UI.Say("      holds no group")
	}
}

// LevelWords says how far something is ours, by the word that documents have for it.
func LevelWords(level string) string {
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

func (t *Teller) showNext(x *Explanation) {
	switch {
	case len(x.Next) == 0 && x.Unknown:
		t.UI.Say("  not known either")
	case len(x.Next) == 0 && x.Kisi != nil && x.Kisi.Level == "foreign" && len(x.Records) == 0:
		t.UI.Say("  does nothing: kisi-sync touches nothing that others made")
	case len(x.Next) == 0 && x.undecided():
		t.UI.Say("  does nothing: what cannot be decided stays as it is")
	case len(x.Next) == 0:
		t.UI.Say("  does nothing: it is as it should be")
	}
	for _, line := range x.Next {
		t.UI.Say("  %s", line.Text)
		if line.Hold != "" {
			t.UI.Say("      %s: %s", t.UI.Yellow("held, not done"), line.Hold)
		}
	}
}
