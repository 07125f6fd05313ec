package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// ruleDocument is what explain --rule --json prints.
type ruleDocument struct {
	Rule     string          `json:"rule"`
	Says     []rulePart      `json:"says"`
	Bound    *ruleBound      `json:"bound"`          // null: it is about everyone of a source, or cannot be asked
	Lost     string          `json:"lost,omitempty"` // why it cannot be asked
	People   int             `json:"people"`         // in its source
	Rights   int             `json:"rights"`         // in Kisi that it gave
	Outcomes []ruleOutcome   `json:"outcomes"`
	Problems []shape.Problem `json:"problems"`
}

type rulePart struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

type ruleBound struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Since string `json:"since,omitempty"`
}

type ruleOutcome struct {
	Outcome string       `json:"outcome"`
	Text    string       `json:"text,omitempty"`
	Count   int          `json:"count"`
	People  []rulePerson `json:"people"` // some, or all with --all
}

type rulePerson struct {
	Who   string `json:"who"`
	Key   string `json:"key"`
	Until string `json:"until,omitempty"`
}

func newRuleDocument(t *mapping.RuleTrail) ruleDocument {
	d := ruleDocument{Rule: t.Rule, Says: shape.Convert(t.Says, func(p mapping.Part) rulePart { return rulePart(p) }), Lost: t.Lost, People: t.People, Rights: t.Rights,
		Problems: shape.Convert(t.Told, shape.NewProblem)}
	if b := t.Bound; b != nil {
		d.Bound = &ruleBound{ID: b.ID, Name: b.Name}
		if b.Since != 0 {
			d.Bound.Since = b.Since.Time().Format(time.RFC3339)
		}
	}
	d.Outcomes = shape.Convert(t.Parts, func(o mapping.RuleOutcome) ruleOutcome {
		people := shape.Convert(o.People, func(p mapping.RulePerson) rulePerson { return rulePerson{p.Who, p.Key.String(), p.Until} })
		return ruleOutcome{o.Outcome, o.Text, o.Count, people}
	})
	return d
}

// explainRule tells whom a rule selects, whom not and why.
func (s *session) explainRule(ctx context.Context, x *explaining) error {
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o, err := s.engine.ResolveKnown(ctx)
	if err != nil {
		return exit.Also(readErr, err)
	}
	t, err := s.rules.ExplainRule(o.Asked, x.rule, x.all)
	if errors.Is(err, mapping.ErrUnknownRule) {
		return exit.Usage(err, "kisi-sync config show prints the rules of the file")
	}
	if err != nil {
		return exit.Also(readErr, err)
	}
	d := newRuleDocument(&t)
	if s.ui.JSON {
		if err := s.ui.Print(d); err != nil {
			return err
		}
	}
	s.showRuleTrail(&d)
	return readErr
}

func (s *session) showRuleTrail(d *ruleDocument) {
	ui := s.ui
	ui.Say("%s", ui.Bold("Rule "+d.Rule))
	for _, p := range d.Says {
		ui.Say("  %s: %s", p.Key, p.Text)
	}
	switch {
	case d.Lost != "":
		ui.Say("  %s cannot be asked now: %s; what it gave stays, and it gives nothing new", ui.Yellow("!"), d.Lost)
	case d.Bound != nil && d.Bound.Since != "":
		ui.Say("  bound to the group %s (%s) since %s", d.Bound.Name, d.Bound.ID, s.moment(d.Bound.Since))
	case d.Bound != nil:
		ui.Say("  goes by the group %s (%s)", d.Bound.Name, d.Bound.ID)
	}
	for _, p := range d.Problems {
		ui.Say("  %s %s", ui.Yellow("!"), p.Text)
		if p.Hint != "" {
			ui.Say("      hint: %s", p.Hint)
		}
	}
	ui.Say("  gave %s that are in Kisi now, alone or with other rules", voice.Count(d.Rights, "right", "rights"))
	ui.Say("\n%s", ui.Bold("Of "+voice.Count(d.People, "person", "people")+" in its source"))
	for _, o := range d.Outcomes {
		s.showRuleOutcome(o)
	}
}

func (s *session) showRuleOutcome(o ruleOutcome) {
	ui, mark, text := s.ui, s.ui.Red("✗"), ""
	are, get, have := "are", "get", "their"
	if o.Count == 1 {
		are, get, have = "is", "gets", "the person's"
	}
	switch o.Outcome {
	case "gives":
		mark, text = ui.Green("✓"), get+" what it gives"
	case "excludes":
		text = are + " kept out of what it excludes from, whatever gives it"
	case "excepted":
		text = are + " selected, and " + are + " an exception: " + o.Text
	case "withheld":
		mark, text = ui.Yellow("!"), are+" selected and "+get+" nothing: "+o.Text
	case "undecided":
		mark, text = ui.Yellow("!"), "cannot be decided, what it gave stays: "+o.Text
	case "condition_failed":
		text = are + " selected, and its condition does not hold: " + o.Text
	case "expired":
		text = are + " selected, and " + have + " end has passed"
	case "record_disabled":
		text = are + " selected, by a record that is disabled"
	default:
		mark, text = "·", are+" not selected: "+o.Text
	}
	ui.Say("  %s %s %s", mark, voice.Count(o.Count, "person", "people"), text)
	who := shape.Convert(o.People, func(p rulePerson) string { return p.Who })
	more := ""
	if n := o.Count - len(who); n > 0 {
		more = fmt.Sprintf(" and %d more (--all names them)", n)
	}
	ui.Say("      %s%s", strings.Join(who, ", "), more)
}
