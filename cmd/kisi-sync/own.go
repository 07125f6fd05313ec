package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/explain"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/apply"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// owning is adopt, release or rename: by which Kisi user people have what they have, and whose it is. What follows is shown with what it
// will mean later, somebody agrees, it is written down, and then it is carried out as any plan is, for these people alone.
type owning struct {
	kind access.PinKind
	why  string
	yes  bool
	*session
	doc   ownDocument
	heirs map[access.RemoteID]string // of adopt: Kisi users who are another person's, and whose they become
}

// ownDocument is what adopt --json, release --json and rename --json print.
type ownDocument struct {
	Did    string           `json:"did"` // adopt, release, rename
	By     string           `json:"by"`
	Why    string           `json:"why"`
	Users  []ownUser        `json:"users"`
	Left   []shape.Problem  `json:"left"` // people who are left as they are, and why
	Next   []shape.NextLine `json:"next"` // what is done now
	Notes  []plan.Note      `json:"notes"`
	Run    *runDocument     `json:"run"` // how it went; null: nothing was done
	Agreed bool             `json:"agreed"`
}

// ownUser is what it means for one Kisi user.
type ownUser struct {
	Who   string          `json:"who"`   // as the directory says; else as Kisi does
	User  access.RemoteID `json:"user"`  // in Kisi; 0: there is none yet
	Email string          `json:"email"` // in Kisi
	Level string          `json:"level"` // how far it was ours before
	Takes []string        `json:"takes"` // groups that become ours, or that go over to the new user
	Stays []string        `json:"stays"` // groups that others gave, and that stay theirs
	Gaps  []string        `json:"gaps"`  // what cannot be helped
	Later string          `json:"later"` // what a later leaving does
}

// flags are what these verbs have in common.
func (o *owning) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.why, "why", "", "the reason, for the audit trail: `TEXT`; required")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
}

// run opens everything and does it.
func (o *owning) run(ctx context.Context, ui *call, c *common, do func(context.Context) error) (err error) {
	if err := reasoned(o.why); err != nil {
		return err
	}
	if !o.yes && (ui.JSON || !ui.Answers()) {
		return exit.Usage(fmt.Errorf("%s asks before it does anything, and there is nobody to ask", o.kind), "look at what it says in a terminal; with --yes it asks nothing")
	}
	if o.session, err = open(ctx, ui, c, opening{asked: ui.me(), keep: true, patience: watched}); err != nil {
		return err
	}
	defer o.closeInto(&err)
	if err := mayApprove(o.settings, ui.me()); err != nil {
		return err
	}
	o.doc = ownDocument{Did: o.kind.String(), By: ui.me(), Why: o.why, Users: []ownUser{}, Left: []shape.Problem{}, Next: []shape.NextLine{}, Notes: []plan.Note{}}
	readErr := o.read(ctx, false)
	if ctx.Err() != nil {
		return o.untouched(ctx.Err())
	}
	return exit.Also(readErr, do(ctx))
}

// pin is a pin of this verb's kind about somebody.
func (o *owning) pin(p access.Pin) access.Pin {
	p.Kind, p.By, p.Why = o.kind, o.ui.me(), o.why
	return p
}

// attend looks at the people as if it had been said already.
func (o *owning) attend(ctx context.Context, a engine.Attention) (forecast, error) {
	var out *engine.Outlook
	err := o.inTurn(ctx, func(ctx context.Context) (err error) {
		if out, err = o.lookAt(ctx, a); err != nil {
			return err
		}
		return o.proven(ctx, out)
	})
	if err != nil {
		return forecast{}, o.untouched(err)
	}
	f := o.forecast(out)
	o.doc.Next = shape.Convert(f.told.Summary(f.Words), func(l plan.Line) shape.NextLine { return shape.NextLine{Text: l.Text, Hold: l.Hold} })
	o.doc.Notes = shape.OrEmpty(f.told.Notes)
	return f, nil
}

// lookAt looks at the people in Kisi.
func (o *owning) lookAt(ctx context.Context, a engine.Attention) (out *engine.Outlook, err error) {
	err = o.observe(ctx, func(ctx context.Context) (err error) {
		out, err = o.engine.Attend(ctx, a)
		return err
	})
	return out, err
}

// show says what it means, for each user.
func (o *owning) show(f forecast) {
	for _, u := range o.doc.Users {
		o.showUser(u)
	}
	if f.mode == plan.Observe {
		o.ui.Say("\n%s", o.ui.Bold("mode: observe – this is what mode: full would do:"))
	}
	o.showLines(f)
	for _, n := range f.told.Notes {
		o.ui.Say("%s %s: %s", o.ui.Yellow("!"), n.Who, n.Text)
	}
	for _, p := range o.doc.Left {
		o.ui.Say("%s %s is left as it is: %s", o.ui.Yellow("!"), p.Who, p.Text)
	}
}

func (o *owning) showUser(u ownUser) {
	o.ui.Say("%s (Kisi user %d, %s; %s)", o.ui.Bold(u.Who), u.User, u.Email, explain.LevelWords(u.Level))
	for _, part := range []struct {
		all  []string
		what map[access.PinKind]string
	}{
		{u.Takes, map[access.PinKind]string{access.Adopt: "ours from now on", access.Release: "stays in Kisi, and is nobody's to take", access.Rename: "goes over to the new user"}},
		{u.Stays, map[access.PinKind]string{access.Adopt: "given by others, and stays theirs", access.Release: "given by others, and stays", access.Rename: "given by others: it does not go over, whoever gave it must give it again"}},
	} {
		for _, group := range part.all {
			o.ui.Say("    %s: %s", group, part.what[o.kind])
		}
	}
	for _, gap := range u.Gaps {
		o.ui.Say("  %s %s", o.ui.Yellow("!"), gap)
	}
	o.ui.Say("    later: %s", u.Later)
}

// finish asks, writes down what was said, and carries it out.
func (o *owning) finish(ctx context.Context, f forecast, a engine.Attention, question string) error {
	o.show(f)
	switch {
	case len(o.doc.Users) == 0:
		o.ui.Say("There is nothing to %s.", o.kind)
		return o.print()
	case f.mode == plan.Observe:
		o.ui.Say("Nothing was written: the file says mode: observe.")
		return o.print()
	}
	if !o.yes {
		yes, err := o.ui.Ask(ctx, "\n"+question)
		if err != nil {
			return o.untouched(err)
		}
		if !yes {
			o.ui.Say("Nothing was done.")
			return nil
		}
	}
	return o.inTurn(ctx, func(ctx context.Context) error { return o.agreed(ctx, f, a) })
}

// agreed writes down what was said and does what was shown; where that may be another thing by now, it looks again first.
func (o *owning) agreed(ctx context.Context, f forecast, a engine.Attention) error {
	if o.ui.host() != nil || now().Sub(f.Run.Began) > fresh {
		again, err := o.lookAt(ctx, a)
		if err == nil {
			err = o.same(f.Plan.Save(f.Words, now()), again)
		}
		if err != nil {
			return o.untouched(err)
		}
		f = o.forecast(again)
	}
	if err := o.store.(*store.Store).ChangePins(ctx, a.Drop, a.Save); err != nil {
		return o.untouched(err)
	}
	o.doc.Agreed = true
	return o.carryOut(ctx, f)
}

// carryOut does what was shown.
func (o *owning) carryOut(ctx context.Context, f forecast) error {
	progress := o.ui.Progress(o.describes(f.Words.Catalog), now)
	run, report, err := o.engine.Carry(ctx, f.Outlook, apply.Options{Progress: progress.Step, Urgent: o.urgent()})
	progress.End()
	if ctx.Err() != nil {
		leaveUnsent(&run.Steps, &report)
	}
	doc := newRunDocument(f, run, report, o.client.Stats().Calls)
	o.doc.Run = &doc
	if err := o.print(); err != nil {
		return err
	}
	o.showRun(f, run, report)
	f.own = true
	return ended(f, report, err)
}

func (o *owning) print() error { return o.ui.PrintJSON(o.doc) }

// left notes somebody who is left as it is.
func (o *owning) left(who, kind, text string) {
	o.doc.Left = append(o.doc.Left, shape.Problem{Kind: kind, Who: who, Text: text, Count: 1})
}

// refuse is the end when somebody was named and nothing can be done.
func (o *owning) refuse(who, why, hint string) error {
	return o.untouched(exit.Failed(fmt.Errorf("%s: %s", who, why), hint))
}

// subject is a person with a Kisi user, as these verbs see it.
type subject struct {
	*engine.Explanation
	pin access.Pin // the anchor and the address
}

// find finds somebody as explain does.
func (o *owning) find(ctx context.Context, who string) (subject, error) {
	defer o.lookingAtKisi()()
	x, err := o.engine.Explain(ctx, who)
	if err != nil {
		return subject{}, o.untouched(err)
	}
	pin, err := o.pinOf(x, who)
	return subject{x, pin}, err
}

// who returns what to call the person.
func (s subject) who() string {
	switch {
	case s.pin.Email != "":
		return s.pin.Email
	case s.Member != nil:
		return email.Fold(s.Member.Email)
	}
	return string(s.pin.Anchor)
}

// level returns how far the user is ours.
func (s subject) level() access.Level {
	if s.Account == nil {
		return access.Foreign
	}
	return s.Account.Link.Level
}

// attention is about one person.
func (s subject) attention(a *engine.Attention) {
	if s.Member != nil {
		a.Members = append(a.Members, s.Member.ID)
	}
	for _, r := range s.Trail.Records {
		if folded := email.Fold(r.Email); folded != "" && !slices.Contains(a.Emails, folded) {
			a.Emails = append(a.Emails, folded)
		}
	}
}

// groupsOf returns the names of the groups of a user that are, or are not, among some rights.
func groupsOf(m *access.Member, in plan.Input, ours func(access.Grant) bool, want bool) []string {
	names := []string{}
	for _, g := range m.Grants {
		if ours(g) != want {
			continue
		}
		name := in.Observed.Called(g.Group)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// ownedBy says which rights of an account we gave or took over.
func ownedBy(a *access.Account) func(access.Grant) bool {
	return func(g access.Grant) bool {
		owned, ok := a.Grant(g.Group)
		return ok && owned.Level.Ours() && owned.Assignment == g.Assignment
	}
}

// standing returns what the rules make of the person, "" for nothing.
func (s subject) standing() (standing, cause string) {
	if s.Trail.Wish == nil {
		return "", ""
	}
	return s.Trail.Wish.Standing, s.Trail.Wish.Cause
}

// has says that something about the person waits for an operator's word.
func (s subject) has(kind string) bool {
	return slices.ContainsFunc(s.Trail.Conflicts, func(c mapping.Conflict) bool { return c.Kind == kind })
}

// readdressed returns the Kisi user that may be the person's from a former address; 0 for none.
func (s subject) readdressed() access.RemoteID {
	for _, c := range s.Trail.Conflicts {
		if c.Kind == mapping.Readdressed {
			return c.User
		}
	}
	return 0
}

// errNoUser is told when Kisi has no user for somebody.
var errNoUser = errors.New("no user for this person is in Kisi")

// said returns what operators have said about somebody already, of a kind.
func (s subject) said(kind access.PinKind) *mapping.TrailPin {
	for i := range s.Trail.Pins {
		if s.Trail.Pins[i].Kind == kind {
			return &s.Trail.Pins[i]
		}
	}
	return nil
}
