package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func explainVerb(ui *voice, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain PERSON", Short: "Why somebody has, or has not, a door", Args: exactly("PERSON"),
		Long: `Walks from what the directories say of a person over the rules to what the person should hold and what Kisi has.
PERSON is an e-mail address, a key (corp:9f1c…), or a name or part of one. The directories are read for it; nothing is changed.`,
		Example: "  kisi-sync explain ana@example.com\n  kisi-sync explain lindqvist --json",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "explain", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		readErr := s.read(cmd.Context(), false)
		x, err := s.engine.Explain(cmd.Context(), args[0])
		if err != nil {
			return errors.Join(readErr, &exit{code: exitFailed, err: err})
		}
		if ui.json {
			return errors.Join(readErr, ui.print(explanationOf(x)))
		}
		s.explain(x)
		return readErr
	}
	return cmd
}

// explanation is what explain --json prints.
type explanation struct {
	mapping.Trail
	Kisi *inKisi  `json:"kisi"` // null: no such user
	Next []string `json:"next"` // what the next run will do, in words
}

type inKisi struct {
	ID      access.RemoteID `json:"id"`
	Email   string          `json:"email"`
	Name    string          `json:"name"`
	Enabled bool            `json:"enabled"`
	Level   string          `json:"level"` // how far the user is ours
	Grants  []grantInKisi   `json:"grants"`
}

type grantInKisi struct {
	Group string `json:"group"`
	Role  string `json:"role"`
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`
	Level string `json:"level"`
	Since string `json:"since,omitempty"`
	Cause string `json:"cause,omitempty"`
}

func explanationOf(x *engine.Explanation) explanation {
	out := explanation{Trail: x.Trail, Next: []string{}}
	if x.Outlook.Plan != nil {
		for _, line := range x.Outlook.Plan.Summary(x.Outlook.Words) {
			text := line.Text
			if line.Hold != "" {
				text += " (held: " + line.Hold + ")"
			}
			out.Next = append(out.Next, text)
		}
	}
	if x.Member == nil {
		return out
	}
	m := x.Member
	out.Kisi = &inKisi{ID: m.ID, Email: m.Email, Name: m.Name, Enabled: m.Enabled, Level: access.Foreign.String(), Grants: []grantInKisi{}}
	if x.Account != nil {
		out.Kisi.Level = x.Account.Link.Level.String()
	}
	for _, g := range m.Grants {
		out.Kisi.Grants = append(out.Kisi.Grants, grantOf(x, g))
	}
	return out
}

func grantOf(x *engine.Explanation, g access.Grant) grantInKisi {
	out := grantInKisi{Role: g.Role.Words(), From: day(g.From), Until: day(g.Until), Level: access.Foreign.String(), Group: fmt.Sprintf("group %d", g.Group)}
	if group, ok := x.Outlook.Input.Observed.Group(g.Group); ok {
		out.Group = group.Name
	}
	if owned, ok := x.Account.Grant(g.Group); ok && owned.Assignment == g.Assignment {
		out.Level, out.Since = owned.Level.String(), day(owned.Since)
		if owned.Cause != nil {
			out.Cause = owned.Cause.Text
		}
	}
	return out
}

// day says an instant, "" for none.
func day(i access.Instant) string {
	if i == 0 {
		return ""
	}
	return i.Time().Local().Format("2006-01-02 15:04")
}

// explain tells the walk to a person.
func (s *session) explain(x *engine.Explanation) {
	ui := s.ui
	ui.say("%s", ui.bold("In the directories"))
	if len(x.Trail.Records) == 0 {
		ui.say("  in no source any more")
	}
	for _, r := range x.Trail.Records {
		s.explainRecord(r)
	}
	ui.say("\n%s", ui.bold("The rules"))
	for _, r := range x.Trail.Rules {
		s.explainRule(r)
	}
	for _, c := range x.Trail.Conflicts {
		ui.say("  %s %s: %s", ui.yellow("!"), c.Who, c.Text)
		if c.Hint != "" {
			ui.say("      hint: %s", c.Hint)
		}
	}
	ui.say("\n%s", ui.bold("So should hold"))
	s.explainWish(x.Trail.Wish)
	e := explanationOf(x)
	ui.say("\n%s", ui.bold("In Kisi now"))
	s.explainKisi(e.Kisi)
	ui.say("\n%s", ui.bold("The next run"))
	if len(e.Next) == 0 {
		ui.say("  does nothing: it is as it should be")
	}
	for _, line := range e.Next {
		ui.say("  %s", line)
	}
}

func (s *session) explainRecord(r mapping.TrailRecord) {
	state := map[string]string{"yes": "active", "no": s.ui.red("disabled"), "unknown": "active (the directory does not say)"}[r.Active]
	s.ui.say("  %s: %s, %s, %s (id %s)", r.Source, r.Name, orNone(r.Email, "no e-mail address"), state, r.ID)
	for _, h := range r.Handles {
		s.ui.say("      %s", h)
	}
	for _, a := range r.Attributes {
		s.ui.say("      person.%s = %s", a.Name, orNone(strings.Join(a.Values, ", "), "(none)"))
	}
	if !r.Doubted.IsZero() {
		s.ui.say("      %s missing since %s, which is not believed", s.ui.yellow("!"), r.Doubted.Local().Format("2006-01-02 15:04"))
	}
}

func orNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

func (s *session) explainRule(r mapping.TrailRule) {
	ui := s.ui
	mark := map[string]string{"gives": ui.green("✓"), "not_selected": "·", "undecided": ui.yellow("!")}[r.Outcome]
	text := fmt.Sprintf("  %s %s: ", orNone(mark, ui.red("✗")), r.Rule)
	switch r.Outcome {
	case "gives":
		text += "gives " + strings.Join(r.Grants, ", ")
	case "not_selected":
		text += "not about this person"
	case "condition_failed":
		text += "its condition does not hold: " + r.Clause
	case "expired":
		text += "its end date has passed (" + r.Until + ")"
	default:
		text += strings.ReplaceAll(r.Outcome, "_", " ")
	}
	if r.Text != "" {
		text += " (" + r.Text + ")"
	}
	ui.say("%s", text)
	if len(r.Through) > 0 {
		ui.say("      through %s", strings.Join(r.Through, " → "))
	}
	if r.Outcome == "gives" && (r.From != "" || r.Until != "") {
		ui.say("      valid %s", strings.TrimSpace(prefixed("from ", r.From)+" "+prefixed("until ", r.Until)))
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func (s *session) explainWish(w *mapping.TrailWish) {
	if w == nil {
		s.ui.say("  nothing")
		return
	}
	switch w.Standing {
	case "suspend":
		s.ui.say("  no access at all: %s", w.Cause)
	case "leave":
		s.ui.say("  left exactly as it is: %s", w.Cause)
	}
	for _, g := range w.Grants {
		if g.Unsure {
			s.ui.say("  %s: not decided, it stays as it is", g.Group)
			continue
		}
		s.ui.say("  %s as %s %s(%s)", g.Group, g.Role, prefixedSpace(prefixed("from ", g.From))+prefixedSpace(prefixed("until ", g.Until)), g.Cause)
	}
	for _, l := range w.Losses {
		s.ui.say("  not %s any more: %s", orNone(l.Name, fmt.Sprint(l.Group)), l.Cause)
	}
}

func prefixedSpace(text string) string {
	if text == "" {
		return ""
	}
	return text + " "
}

func (s *session) explainKisi(k *inKisi) {
	if k == nil {
		s.ui.say("  no such user")
		return
	}
	state := "enabled"
	if !k.Enabled {
		state = s.ui.red("suspended")
	}
	s.ui.say("  %s, %s, %s (id %d, %s)", k.Name, k.Email, state, k.ID, levelWords(k.Level))
	for _, g := range k.Grants {
		text := fmt.Sprintf("      %s as %s %s(%s", g.Group, g.Role, prefixedSpace(prefixed("from ", g.From))+prefixedSpace(prefixed("until ", g.Until)), levelWords(g.Level))
		if g.Since != "" {
			text += " since " + g.Since
		}
		if g.Cause != "" {
			text += ", " + g.Cause
		}
		s.ui.say("%s)", text)
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
