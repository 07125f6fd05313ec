package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// ordering is groups create, update or delete: something that an operator wants of one group, beside the file. What is done is shown, somebody
// agrees, and then it is carried out as any plan is: written down first, within the limits, in the trail.
type ordering struct {
	did string // create, update, delete
	why string
	yes bool
	*session
	group     access.DesiredGroup // as it is wanted
	people    []string            // who lose something by it
	everybody bool                // they must be known
	doc       orderDocument
}

// orderDocument is what groups create --json, groups update --json and groups delete --json print.
type orderDocument struct {
	Did    string           `json:"did"`
	By     string           `json:"by"`
	Why    string           `json:"why"`
	Group  string           `json:"group"`
	Next   []shape.NextLine `json:"next"`   // what is done
	People []string         `json:"people"` // who lose the group
	Notes  []plan.Note      `json:"notes"`
	Run    *runDocument     `json:"run"`    // how it went; null: nothing was done
	Block  string           `json:"block"`  // the group as the file says it, to be pasted under groups:
	Agreed bool             `json:"agreed"` // somebody said yes, or --yes
}

func (o *ordering) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.why, "why", "", "the reason, for the audit trail: `TEXT`")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
}

// run opens everything, finds out what is wanted, shows it, asks, and does it.
func (o *ordering) run(ctx context.Context, ui *call, c *common, want func(*engine.Outlook) (access.DesiredGroup, error)) (err error) {
	if !o.yes && (ui.JSON || !ui.Answers()) {
		return exit.Usage(fmt.Errorf("groups %s asks before it does anything, and there is nobody to ask", o.did), "look at what it says in a terminal; with --yes it asks nothing")
	}
	if o.session, err = open(ctx, ui, c, opening{asked: ui.me(), keep: true, patience: watched}); err != nil {
		return err
	}
	defer o.closeInto(&err)
	if err := mayApprove(o.settings, ui.me()); err != nil {
		return err
	}
	o.doc = orderDocument{Did: o.did, By: ui.me(), Why: o.why, Next: []shape.NextLine{}, People: []string{}, Notes: []plan.Note{}}
	return o.order(ctx, want)
}

func (o *ordering) order(ctx context.Context, want func(*engine.Outlook) (access.DesiredGroup, error)) error {
	make := func(out *engine.Outlook) ([]access.DesiredGroup, error) {
		g, err := want(out)
		if err != nil {
			return nil, err
		}
		g.Order.Cause, g.Order.Again = access.Cause{Kind: access.Ordered, Text: o.cause()}, o.ui.typed()
		o.group = g
		return []access.DesiredGroup{g}, nil
	}
	look := func(ctx context.Context) (out *engine.Outlook, err error) {
		err = o.observe(ctx, func(ctx context.Context) (err error) {
			out, err = o.engine.Order(ctx, o.everybody, make)
			return err
		})
		return out, err
	}
	var out *engine.Outlook
	err := o.inTurn(ctx, func(ctx context.Context) (err error) {
		out, err = look(ctx)
		return err
	})
	if err != nil {
		return o.untouched(err)
	}
	f := o.forecast(out)
	if done, err := o.preview(ctx, f); done || err != nil {
		return err
	}
	return o.inTurn(ctx, func(ctx context.Context) error { return o.agreed(ctx, f, look) })
}

func (o *ordering) cause() string {
	if o.why == "" {
		return "asked for on the command line"
	}
	return "asked for on the command line: " + o.why
}

// preview shows what would be done, and asks; done says that nothing is to be done.
func (o *ordering) preview(ctx context.Context, f forecast) (done bool, err error) {
	o.doc.Group, o.doc.Notes = o.group.Name, shape.OrEmpty(f.told.Notes)
	o.doc.Next = shape.Convert(f.told.Summary(f.Words), func(l plan.Line) shape.NextLine { return shape.NextLine{Text: l.Text, Hold: l.Hold} })
	if o.everybody {
		if o.people, err = o.loses(f); err != nil {
			return true, err
		}
		o.doc.People = shape.OrEmpty(o.people)
	}
	if f.mode == plan.Observe {
		o.ui.Say("%s", o.ui.Bold("mode: observe – this is what mode: full would do:"))
	}
	o.showLines(f)
	for _, who := range o.people {
		o.ui.Say("    %s loses %s", who, o.group.Name)
	}
	for _, n := range f.told.Notes {
		o.ui.Say("%s %s: %s", o.ui.Yellow("!"), n.Who, n.Text)
	}
	switch {
	case len(f.told.Steps) == 0:
		o.ui.Say("There is nothing to do: the group is like that already.")
		return true, o.ui.PrintJSON(o.doc)
	case f.mode == plan.Observe:
		o.ui.Say("Nothing was written: the file says mode: observe.")
		return true, o.ui.PrintJSON(o.doc)
	case o.yes || f.Plan.Do() == 0:
		return false, nil
	}
	yes, err := o.ui.Ask(ctx, fmt.Sprintf("\n%s group %s?", strings.ToUpper(o.did[:1])+o.did[1:], o.group.Name))
	if err != nil {
		return true, o.untouched(err)
	}
	if !yes {
		o.ui.Say("Nothing was done.")
	}
	return !yes, nil
}

// agreed does what was shown; where that may be another thing by now, it looks again first.
func (o *ordering) agreed(ctx context.Context, f forecast, look func(context.Context) (*engine.Outlook, error)) error {
	if o.ui.host() != nil || now().Sub(f.Run.Began) > fresh {
		again, err := look(ctx)
		if err == nil {
			err = o.same(f.Plan.Save(f.Words, now()), again)
		}
		if err != nil {
			return o.untouched(err)
		}
		f = o.forecast(again)
	}
	f.own = true
	o.doc.Agreed = true
	progress := o.ui.Progress(o.describes(f.Words.Catalog), now)
	run, report, err := o.engine.Carry(ctx, f.Outlook, apply.Options{Progress: o.logged(progress.Step), Urgent: o.urgent()})
	progress.End()
	o.logRun(run, report)
	if ctx.Err() != nil {
		leaveUnsent(&run.Steps, &report)
	}
	doc := newRunDocument(f, run, report, o.client.Stats().Calls)
	o.doc.Run = &doc
	if o.did != "delete" {
		o.doc.Block = newBlock(&o.group, f.Words.Catalog).String()
	}
	if err := o.ui.PrintJSON(o.doc); err != nil {
		return err
	}
	o.showRun(f, run, report)
	o.showHeld(f)
	if o.did == "create" && report.Done > 0 {
		o.ui.Say("\nkisi-sync does not look after this group by itself. To have it do so, paste this under groups: in %s\n\n%s", o.settings.File, o.doc.Block)
	}
	return ended(f, report, err)
}

// showHeld says how somebody lets it pass.
func (o *ordering) showHeld(f forecast) {
	for i := range f.Plan.Steps {
		if s := &f.Plan.Steps[i]; s.Hold != nil && s.Hold.Kind == access.HeldByLimit {
			o.ui.Say("Held: %s. kisi-sync approve %s --why TEXT lets it pass; then run the same again, with the same --why: no run does it by itself.", s.Hold.Text, s.ID.Short())
		}
	}
}

// loses names who holds the group, and refuses where somebody has it by another's hand: deleting it would take what is not ours.
func (o *ordering) loses(f forecast) (people []string, err error) {
	var others []string
	state := f.Input.Observed
	for i := range state.Members {
		m := &state.Members[i]
		for _, g := range m.In(o.group.ID) {
			people = append(people, m.Email)
			account, _ := f.Input.Owned.Account(m.ID)
			if owned, ok := account.Grant(g.Group); !ok || !owned.Level.Ours() || owned.Assignment != g.Assignment {
				others = append(others, m.Email)
			}
		}
	}
	slices.Sort(people)
	people = slices.Compact(people)
	beside := state.Beside.In(o.group.ID)
	switch {
	case len(others) > 0:
		slices.Sort(others)
		return nil, o.untouched(exit.Failed(fmt.Errorf("%s: %s by another's hand: %s", o.group.Name, holdIt(len(others)), strings.Join(others[:min(len(others), 10)], ", ")),
			"what others gave is theirs to take: take it away in Kisi first, or adopt these people (kisi-sync adopt)"))
	case beside.Guests+beside.Links+len(beside.Teams) > 0:
		return nil, o.untouched(exit.Failed(fmt.Errorf("%s is held by %d guests, %d access links and %d teams, too", o.group.Name, beside.Guests, beside.Links, len(beside.Teams)),
			"those are not ours to take: take them out in Kisi first"))
	}
	return people, nil
}

func holdIt(n int) string {
	if n == 1 {
		return "1 person holds it"
	}
	return fmt.Sprintf("%d people hold it", n)
}

// existing finds a group that is in Kisi, and what the file and the ledger say of it.
type existing struct {
	access.Group
	declared *access.DesiredGroup // nil: the file does not name it
	account  *access.GroupAccount // nil: nothing is known of it
}

func (o *ordering) existing(out *engine.Outlook, name string) (existing, error) {
	g, err := mapping.FindGroup(out.Words.Catalog, name)
	if err != nil {
		return existing{}, exit.Failed(err, "kisi-sync groups lists them")
	}
	x := existing{Group: g}
	for i := range out.Input.Desired.Groups {
		if d := &out.Input.Desired.Groups[i]; d.ID == g.ID {
			x.declared = d
		}
	}
	x.account, _ = out.Input.Owned.Group(g.ID)
	return x, nil
}

// made says that kisi-sync made the group.
func (x existing) made() bool { return x.account != nil && x.account.Level == access.Created }

// found turns what could not be resolved into an error.
func found(problems []mapping.Conflict) error {
	if len(problems) == 0 {
		return nil
	}
	var all []error
	for _, p := range problems {
		all = append(all, errors.New(p.Text))
	}
	return exit.Usage(errors.Join(all...), problems[0].Hint)
}
