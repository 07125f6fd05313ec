package main

import (
	"fmt"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// comparisonDocument is what plan --config --against --json prints.
type comparisonDocument struct {
	File     string          `json:"file"`
	Against  string          `json:"against"`
	Changes  bool            `json:"changes"` // the new file says or gives something else
	Rules    []rewordedRow   `json:"rules"`
	Settings []differenceRow `json:"settings"`
	People   []shiftRow      `json:"people"` // who gains and loses what, whatever is in Kisi already
	Expect   []expectRow     `json:"expect"` // what of the new file's tests is not so, or cannot be decided
	Plan     planDocument    `json:"plan"`   // of the next run by the new file
}

type rewordedRow struct {
	Rule    string `json:"rule"`
	Change  string `json:"change"` // added, removed, changed
	Before  string `json:"before,omitempty"`
	After   string `json:"after,omitempty"`
	Differs string `json:"differs,omitempty"`
}

type differenceRow struct {
	Path   string `json:"path"`
	Before string `json:"before"` // "": the file does not say it
	After  string `json:"after"`
}

type shiftRow struct {
	Change string   `json:"change"` // gains, loses, keeps_otherwise, undecided, stands_otherwise
	Group  string   `json:"group,omitempty"`
	Doors  string   `json:"doors,omitempty"`
	Why    string   `json:"why"`
	Text   string   `json:"text"`
	People []string `json:"people"`
}

type expectRow struct {
	Line  int             `json:"line"`
	Wrong []mapping.Unmet `json:"wrong"`
	More  int             `json:"more"`
	Open  []string        `json:"open"`
}

func newReworded(r mapping.Reworded) rewordedRow {
	row := rewordedRow{r.Rule, "changed", r.Before, r.After, r.Differs}
	switch {
	case r.Before == "":
		row.Change = "added"
	case r.After == "":
		row.Change = "removed"
	}
	return row
}

func (d *differences) shift(s plan.Shift) shiftRow {
	doors := d.next.Words.Doors(s.Group)
	return shiftRow{s.Kind.String(), s.Group, doors, s.Why, s.Text(doors), s.People}
}

func (x *comparing) document(d *differences) comparisonDocument {
	doc := comparisonDocument{File: x.new.settings.File, Against: x.inUse, Changes: d.any(), Rules: shape.Convert(d.rules, newReworded),
		Settings: shape.Convert(d.settings, func(s config.Difference) differenceRow { return differenceRow(s) }), People: shape.Convert(d.shifts, d.shift), Expect: []expectRow{},
		Plan: newPlanDocument(d.next, d.next.told.Save(d.next.Words, now()))}
	for _, t := range d.tests {
		if len(t.Wrong)+len(t.Open) > 0 {
			doc.Expect = append(doc.Expect, expectRow{t.Line, shape.OrEmpty(t.Wrong), t.More, shape.OrEmpty(t.Open)})
		}
	}
	return doc
}

// show tells what a new file would change.
func (x *comparing) show(d *differences) {
	ui := x.new.ui
	if !d.any() {
		ui.Say("%s says the same as %s, and gives the same to everybody.", x.new.settings.File, x.inUse)
	}
	x.showRules(d)
	if len(d.settings) > 0 {
		ui.Say("\n%s", ui.Bold("Other settings"))
	}
	for _, s := range d.settings {
		ui.Say("  %s: %s → %s", s.Path, voice.OrNone(s.Before, "(none)"), voice.OrNone(s.After, "(none)"))
	}
	if len(d.shifts) > 0 {
		ui.Say("\n%s", ui.Bold("People, whatever they have in Kisi already"))
	}
	marks := map[plan.ShiftKind]string{plan.Gains: ui.Green("+"), plan.Loses: ui.Red("-"), plan.Alters: "~", plan.Unsures: ui.Yellow("!"), plan.Shuts: ui.Yellow("!")}
	for _, s := range d.shifts {
		ui.Say("%s %s", marks[s.Kind], s.Text(d.next.Words.Doors(s.Group)))
		if len(s.People) > 1 {
			ui.Say("    %s", voice.Names(s.People))
		}
	}
	for _, t := range d.tests {
		if len(t.Open) > 0 {
			ui.Say("%s %s:%d: expected, and cannot be decided now: %s", ui.Yellow("!"), x.new.settings.File, t.Line, fmt.Sprint(t.Open))
		}
	}
	if d.any() {
		ui.Say("\n%s", ui.Bold("The next run by "+x.new.settings.File+", all in all"))
		x.new.showPlan(d.next)
	}
}

func (x *comparing) showRules(d *differences) {
	ui := x.new.ui
	if len(d.rules) > 0 {
		ui.Say("%s", ui.Bold("Rules"))
	}
	for _, r := range d.rules {
		switch {
		case r.Before == "":
			ui.Say("%s %s: %s", ui.Green("+"), r.Rule, r.After)
		case r.After == "":
			ui.Say("%s %s: %s", ui.Red("-"), r.Rule, r.Before)
		default:
			ui.Say("~ %s: %s", r.Rule, voice.OrNone(r.Differs, "what it reads is called otherwise"))
		}
	}
}
