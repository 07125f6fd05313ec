package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

func checkVerb(ui *voice, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "check", Short: "Look at the file, the directories and Kisi; change nothing", Args: exactly(),
		Long: `Reads the configuration, connects to every directory and to Kisi without changing anything, and says of each
what is well and what is not, with what to do about it. Exit code 1 when something must be mended.`,
		Example: "  kisi-sync check\n  kisi-sync check --json | jq '.[] | select(.level == \"problem\")'",
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "check", patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		k := &checkup{session: s}
		k.good("", fmt.Sprintf("%s is well-formed: %s, %s, %s", s.settings.File, count(len(s.settings.Sources), "source", "sources"),
			count(len(s.settings.MappingSpec().Groups), "group", "groups"), count(len(s.settings.MappingSpec().Rules), "rule", "rules")))
		k.kisi(cmd.Context())
		k.sources(cmd.Context())
		k.rules(cmd.Context())
		return k.end()
	}
	return cmd
}

// finding is one line of check.
type finding struct {
	About string `json:"about"` // "kisi", "source corp", "rules", ...
	Level string `json:"level"` // good, warning, problem
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

// checkup collects findings and prints each as it is made.
type checkup struct {
	session  *session
	findings []finding
	problems int
	read     []string           // sources that could be read
	verified *kisi.Verification // nil: Kisi does not answer
}

func (k *checkup) add(f finding) {
	k.findings = append(k.findings, f)
	ui := k.session.ui
	mark := ui.green("✓")
	switch f.Level {
	case "problem":
		k.problems++
		mark = ui.red("✗")
	case "warning":
		mark = ui.yellow("!")
	}
	if ui.json {
		return
	}
	about := f.About
	if about != "" {
		about += ": "
	}
	ui.say("%s %s%s", mark, about, f.Text)
	if f.Hint != "" {
		ui.say("    hint: %s", f.Hint)
	}
}

func (k *checkup) good(about, text string) { k.add(finding{About: about, Level: "good", Text: text}) }

func (k *checkup) problem(about string, err error) {
	k.add(finding{About: about, Level: "problem", Text: err.Error(), Hint: hintFor(err)})
}

// kisi looks at the key, its rights, and what else works in the organization.
func (k *checkup) kisi(ctx context.Context) {
	v, err := k.session.client.Verify(ctx)
	if err != nil {
		k.problem("kisi", err)
		return
	}
	k.good("kisi", fmt.Sprintf("the key belongs to %s in the organization %s (domain %s), %s seen", v.Self.Email, v.Organization.Name,
		v.Organization.Domain, count(v.Users, "user", "users")))
	if want := k.session.settings.Kisi.Domain; want != v.Organization.Domain {
		k.add(finding{About: "kisi", Level: "problem", Text: fmt.Sprintf("the file is about the organization %q, the key belongs to %q", want, v.Organization.Domain),
			Hint: "set kisi.organization.domain, or use a key of the other organization"})
	}
	k.verified = v
}

// surroundings says what else writes into the organization, and what the key may not do, now that it is known which groups are
// managed.
func (k *checkup) surroundings(d *access.Desired) {
	if k.verified == nil {
		return
	}
	var managed []int64
	shapes := false
	for _, g := range d.Groups {
		shapes = shapes || g.Create || g.Openings
		if g.ID != 0 {
			managed = append(managed, int64(g.ID))
		}
	}
	for _, f := range k.verified.Findings(managed, shapes) {
		level := "warning"
		if f.Fatal {
			level = "problem"
		}
		k.add(finding{About: "kisi", Level: level, Text: f.Problem, Hint: f.Hint})
	}
}

// sources lets each source examine itself, and then reads it.
func (k *checkup) sources(ctx context.Context) {
	for _, source := range k.session.sources {
		about := "source " + source.Name
		bad := false
		if checker, ok := source.Source.(connectors.Checker); ok {
			for _, f := range checker.Check(ctx) {
				level := [...]string{"problem", "warning", "good"}[f.Level]
				bad = bad || f.Level == connectors.Problem
				text := f.Text
				if f.Path != "" {
					text = f.Path + ": " + text
				}
				k.add(finding{About: about, Level: level, Text: text, Hint: f.Hint})
			}
		}
		if bad {
			continue
		}
		if _, err := k.session.engine.Intake(ctx, source.Name, true); err != nil {
			k.problem(about, err)
			continue
		}
		k.read = append(k.read, source.Name)
	}
	for _, st := range k.session.engine.Statuses() {
		if slices.Contains(k.read, st.Name) {
			k.good("source "+st.Name, fmt.Sprintf("read whole: %s, %s, %s", count(st.People, "person", "people"),
				count(st.Groups, "group", "groups"), count(st.Members, "membership", "memberships")))
		}
	}
}

// rules holds the rules against what was read and against what there is in Kisi.
func (k *checkup) rules(ctx context.Context) {
	o, err := k.session.engine.Resolve(ctx)
	if err != nil {
		k.problem("rules", err)
		return
	}
	people := map[string]int{}
	for _, c := range o.Conflicts {
		if people[c.Kind]++; people[c.Kind] <= 5 {
			k.add(finding{About: c.Who, Level: levelOf(c.Kind), Text: c.Text, Hint: c.Hint})
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(people)) {
		if n := people[kind]; n > 5 {
			k.add(finding{About: "rules", Level: "warning", Text: fmt.Sprintf("and %d more of the kind %s", n-5, kind), Hint: "kisi-sync plan --json lists all"})
		}
	}
	if len(o.Conflicts) == 0 {
		k.good("rules", "every selector matches and every person can be decided")
	}
	k.expectations(o)
	k.surroundings(o.Input.Desired)
}

// levelOf says how serious a conflict is: one of a rule or a group concerns everybody, one of a person only him.
func levelOf(kind string) string {
	switch kind {
	case mapping.SelectorMatchesNothing, mapping.SelectorAmbiguous, mapping.GroupMissing, mapping.GroupAmbiguous, mapping.GroupTwice,
		mapping.UnknownPlace, mapping.UnknownDoor, mapping.AmbiguousDoor, mapping.DoorElsewhere, mapping.UnknownStop, mapping.AmbiguousStop:
		return "problem"
	}
	return "warning"
}

// expectations runs the tests that the file brings along.
func (k *checkup) expectations(o *engine.Outlook) {
	for _, e := range k.session.settings.Expect {
		holds := desiredGroups(o.Input.Desired, e.Person)
		var wrong []string
		for _, g := range e.Has {
			if !slices.Contains(holds, g) {
				wrong = append(wrong, "lacks "+g)
			}
		}
		for _, g := range e.Lacks {
			if slices.Contains(holds, g) {
				wrong = append(wrong, "has "+g)
			}
		}
		about := fmt.Sprintf("expect (%s:%d) %s", k.session.settings.File, e.Line, e.Person)
		if len(wrong) > 0 {
			k.add(finding{About: about, Level: "problem", Text: strings.Join(wrong, ", "), Hint: "kisi-sync explain " + e.Person})
			continue
		}
		k.good(about, "as expected")
	}
}

func desiredGroups(d *access.Desired, folded string) []string {
	var groups []string
	for i := range d.Wishes {
		if w := &d.Wishes[i]; w.Folded == folded && w.Standing == access.Keep {
			for _, g := range w.Grants {
				if !g.Unsure {
					groups = append(groups, d.Groups[g.Group].Name)
				}
			}
		}
	}
	return groups
}

func (k *checkup) end() error {
	ui := k.session.ui
	if ui.json {
		if err := ui.print(k.findings); err != nil {
			return err
		}
	}
	if k.problems > 0 {
		ui.tell("\n%s must be mended.", count(k.problems, "problem", "problems"))
		return &exit{code: exitFailed}
	}
	ui.tell("\nAll is well. Next: kisi-sync plan")
	return nil
}
