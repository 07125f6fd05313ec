package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// rebinding is a group of a directory that a rule means from now on, shown, agreed to, and remembered.
type rebinding struct {
	ui               *call
	c                *common
	name, group, why string
	found            mapping.Rebinding
	doc              rebindDocument
}

// rebindDocument is what accept --json prints for a rule.
type rebindDocument struct {
	Rules    []string      `json:"rules"`
	Source   string        `json:"source"`
	Selector string        `json:"selector"`
	Before   groupDocument `json:"before"`
	Now      groupDocument `json:"now"`
	Members  []string      `json:"members"` // people whom the group brings now
	Accepted bool          `json:"accepted"`
	Next     []shape.Line  `json:"next"` // what the next run will do
}

type groupDocument struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ofSource says that a name of the command line is that of a source, or of Kisi.
func (a *acceptance) ofSource() (bool, error) {
	read := loadWithoutSecrets
	if a.ui.host() != nil {
		read = func(c *common) (*config.Settings, error) { return a.ui.settingsFor(c, true) }
	}
	settings, err := read(a.c)
	if err != nil {
		return false, err
	}
	for _, s := range settings.Sources {
		if s.Name == a.name {
			return true, nil
		}
	}
	return a.name == "kisi", nil
}

func (r *rebinding) run(ctx context.Context) (err error) {
	s, err := open(ctx, r.ui, r.c, opening{asked: r.ui.me(), keep: true, patience: watched})
	if err != nil {
		return err
	}
	defer s.closeInto(&err)
	if err := mayApprove(s.settings, s.ui.me()); err != nil {
		return err
	}
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return s.untouched(ctx.Err())
	}
	r.found, err = s.engine.Rebind(ctx, r.name)
	switch {
	case errors.Is(err, mapping.ErrNoRule):
		return exit.Also(readErr, exit.Usage(fmt.Errorf("the file has no source and no rule %q, and no rule names a group so", r.name), "kisi-sync config show lists them"))
	case err != nil:
		return exit.Also(readErr, s.untouched(err))
	}
	r.show()
	if err := reasoned(r.why); err != nil {
		return err
	}
	if err := r.agreed(ctx); err != nil {
		return exit.Also(r.ui.PrintJSON(r.doc), err)
	}
	if err := s.engine.AcceptRebinding(ctx, r.found, record.Said{By: r.ui.me(), Why: r.why}); err != nil {
		return err
	}
	return exit.Also(r.tell(ctx, s), r.ui.PrintJSON(r.doc))
}

func (r *rebinding) show() {
	f := r.found
	people := slices.Clone(f.Members)
	slices.Sort(people)
	r.doc = rebindDocument{Rules: f.Rules, Source: f.Source, Selector: f.After.Text, Before: groupDocument{f.Before.GroupID, f.Before.Name},
		Now: groupDocument{f.After.GroupID, f.After.Name}, Members: shape.OrEmpty(people), Next: []shape.Line{}}
	for _, rule := range f.Rules {
		r.ui.Say("rule %s means the group %q of source %s", rule, f.After.Text, f.Source)
	}
	r.ui.Say("  until now: %s (%s), which is gone", f.Before.Name, f.Before.GroupID)
	r.ui.Say("  from now on: %s (%s), which brings %s", f.After.Name, f.After.GroupID, voice.Count(len(people), "person", "people"))
	if len(people) > 0 {
		r.ui.Say("      %s", voice.Names(people))
	}
}

// agreed asks for the id of the group, or compares the one that was given.
func (r *rebinding) agreed(ctx context.Context) error {
	given, want := r.group, r.found.After.GroupID
	if given == "" {
		if r.ui.JSON || !r.ui.Answers() {
			return exit.Usage(errors.New("accept wants the id of the group that is meant, and there is nobody to ask"),
				fmt.Sprintf("look at whom it brings; if that is right: kisi-sync accept %s --group %s", r.name, want))
		}
		var err error
		if given, err = r.ui.Prompt(ctx, "If that group is meant, write its id: "); err != nil {
			return err
		}
	}
	if given != want {
		return exit.Failed(fmt.Errorf("the group is %s; nothing was accepted", want), "look at whom it brings again")
	}
	return nil
}

// tell says what the next run will do.
func (r *rebinding) tell(ctx context.Context, s *session) error {
	r.doc.Accepted = true
	r.ui.Say("Accepted. The next run goes by it:")
	stop := s.lookingAtKisi()
	o, err := s.engine.Preview(ctx)
	stop()
	if err != nil {
		return exit.Failed(err, "the group was accepted; what the next run will do is not known")
	}
	f := s.forecast(o)
	r.doc.Next = shape.Convert(f.told.Summary(f.Words), shape.NewLine)
	s.showPlan(f)
	return nil
}
