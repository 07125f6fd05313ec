package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/explain"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func explainVerb(ui *call, c *common) *cobra.Command {
	x := &explaining{}
	cmd := &cobra.Command{
		Use: "explain PERSON", Short: "Why somebody has, or has not, a door; who can open one; whom a rule selects",
		Long: `Walks from what the directories say of a person over the rules to what the person should hold, what Kisi has, and what
the next run will do about it. PERSON is an e-mail address, a login name, a name or a part of one, or a key
(corp:4711).

--door and --group go the other way: who may open a door, or the doors of a group, and why each: by which rule, since
when, or by somebody else's hand in Kisi; through teams, as guests, by access links, and by their role in a place or
the organization. They look at Kisi; --remembered says what kisi-sync knows of it without asking, at once and also
when Kisi is down.

--rule says whom a rule selects, whom not and why, what it gives, and which group of the directory it is bound to.

The directories and Kisi are read for it; nothing is changed.`,
		Example: `  kisi-sync explain ana@example.com
  kisi-sync explain corp:4711 --json | jq '.rules[] | select(.outcome == "condition_failed") | .clause'
  kisi-sync explain --door "HQ / Garage"
  kisi-sync explain --group Staff --remembered --json | jq -r '.groups[].holders[].email'
  kisi-sync explain --rule servers --all`,
	}
	f := cmd.Flags()
	f.StringVar(&x.door, "door", "", "who may open a `DOOR` or elevator stop, and why each (kisi-sync doors lists them)")
	f.StringVar(&x.group, "group", "", "who holds a `GROUP`, and why each")
	f.StringVar(&x.rule, "rule", "", "whom a `RULE` selects, and whom not")
	f.BoolVar(&x.all, "all", false, "with --door, --group and --rule: name everybody, not some")
	f.BoolVar(&x.remembered, "remembered", false, "with --door and --group: do not ask Kisi, say what is known of it")
	cmd.MarkFlagsMutuallyExclusive("door", "group", "rule")
	cmd.Args = x.arguments
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "explain", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		switch {
		case x.rule != "":
			return s.explainRule(cmd.Context(), x)
		case x.door != "" || x.group != "":
			return s.explainAccess(cmd.Context(), x)
		}
		return s.explain(cmd.Context(), args[0])
	}
	return cmd
}

// explaining is what explain is asked, beside a person.
type explaining struct {
	door, group, rule string
	all, remembered   bool
}

// arguments wants a person, or what to explain instead.
func (x *explaining) arguments(cmd *cobra.Command, args []string) error {
	switch asked := x.door + x.group + x.rule; {
	case asked == "" && (x.all || x.remembered):
		return exit.Usage(errors.New("--all and --remembered are about a door, a group or a rule"), seeHelp(cmd))
	case asked == "":
		return exactly("PERSON")(cmd, args)
	case len(args) > 0:
		return exit.Usage(errors.New("a person, or --door, --group or --rule, not both"), seeHelp(cmd))
	case x.rule != "" && x.remembered:
		return exit.Usage(errors.New("--remembered is about a door or a group"), "a rule selects people of a directory; Kisi is not asked about them")
	}
	return nil
}

// explain reads, looks and tells. What can be told without Kisi is told without it.
func (s *session) explain(ctx context.Context, who string) error {
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	x, err := s.walk(ctx, who)
	if x == nil {
		return exit.Also(readErr, err)
	}
	if s.ui.JSON {
		if err := s.ui.Print(x); err != nil {
			return err
		}
	}
	s.teller().Person(x)
	return exit.Also(readErr, err)
}

// walk puts an explanation together. With an error it may be there all the same, without what Kisi says.
func (s *session) walk(ctx context.Context, who string) (*explain.Explanation, error) {
	defer s.lookingAtKisi()()
	x, err := s.engine.Explain(ctx, who)
	switch {
	case errors.Is(err, mapping.ErrNobody) && strings.Contains(who, "@"):
		return s.stranger(ctx, who, err)
	case x == nil:
		return nil, err
	}
	out := explain.New(x)
	if err != nil {
		out.Unknown = true
		return out, err
	}
	if out.Next, err = s.next(ctx, x); err != nil {
		out.Unknown = true
	}
	return out, err
}

// next says what the next run will do about a person. Whether it is held depends on everybody: a limit counts people. So when there
// is something to do, everybody is looked at.
func (s *session) next(ctx context.Context, x *engine.Explanation) ([]shape.NextLine, error) {
	if x.Outlook.Plan == nil {
		return []shape.NextLine{}, nil
	}
	own := map[access.Digest]bool{}
	for i := range x.Outlook.Plan.Steps {
		if step := &x.Outlook.Plan.Steps[i]; step.Change.Kind.OfMember() {
			own[step.ID] = true
		}
	}
	if len(own) == 0 {
		return []shape.NextLine{}, nil
	}
	o, err := s.engine.Preview(ctx)
	if err != nil {
		return []shape.NextLine{}, err
	}
	f := s.forecast(o)
	var only plan.Plan
	for _, step := range f.told.Steps {
		if own[step.ID] {
			step.Needs = nil
			only.Steps = append(only.Steps, step)
		}
	}
	return shape.Convert(only.Summary(f.Words), func(l plan.Line) shape.NextLine { return shape.NextLine{Text: l.Text, Hold: l.Hold} }), nil
}

// stranger tells of a Kisi user who is in no directory and whom kisi-sync does not manage. Without such a user nobody is found.
func (s *session) stranger(ctx context.Context, who string, notFound error) (*explain.Explanation, error) {
	state, err := s.target.Observe(ctx, access.Scope{Emails: []string{email.Fold(who)}})
	if err != nil {
		return nil, exit.Also(notFound, err)
	}
	for i := range state.Members {
		if m := &state.Members[i]; email.Fold(m.Email) == email.Fold(who) {
			x := &engine.Explanation{Trail: mapping.Trail{Asked: who}, Member: m, Outlook: &engine.Outlook{Input: plan.Input{Observed: state}}}
			return explain.New(x), nil
		}
	}
	return nil, notFound
}
