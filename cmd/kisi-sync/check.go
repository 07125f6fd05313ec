package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/status"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
)

func checkVerb(ui *call, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "check", Short: "Look at the file, the directories and Kisi; change nothing", Args: exactly(),
		Long: `Reads the configuration, connects to every directory and to Kisi without changing anything, and says of each what
is well and what is not, with what to do about it. Then it runs the tests of the file (expect:).

Exit code 1 when something must be mended; warnings do not count.`,
		Example: `  kisi-sync check
  kisi-sync check --json | jq '.findings[] | select(.level == "problem")'`,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		c.judges = true
		s, err := open(cmd.Context(), ui, c, opening{asked: "check", patience: watched, quiet: true})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		k := &checkup{session: s, told: map[string]bool{}}
		for _, part := range []func(context.Context){k.file, k.kisi, k.sources, k.rules} {
			if part(cmd.Context()); cmd.Context().Err() != nil {
				return cmd.Context().Err()
			}
		}
		return k.end()
	}
	return cmd
}

// finding is one line of check.
type finding struct {
	About string `json:"about"` // "file", "kisi", "source corp", "rules", a rule, a group or a person
	Level level  `json:"level"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

// level says how serious a finding is.
type level string

const (
	good    level = "good"
	warning level = "warning"
	bad     level = "problem"
)

// checkDocument is what check --json prints.
type checkDocument struct {
	Problems int       `json:"problems"`
	Warnings int       `json:"warnings"`
	Findings []finding `json:"findings"`
}

// checkup collects findings and prints each as it is made.
type checkup struct {
	*session
	found    checkDocument
	verified *kisi.Verification // nil: Kisi does not answer, or it is another organization
	unread   []string           // sources that could not be read
	ended    []status.End       // what of a source has ended, until the source has had its say
	told     map[string]bool    // settings that a source has told something of
}

// add counts a finding and prints it.
func (k *checkup) add(f finding) {
	k.count(f)
	mark := map[level]string{good: k.ui.Green("✓"), warning: k.ui.Yellow("!"), bad: k.ui.Red("✗")}[f.Level]
	k.ui.Say("%s %s: %s", mark, f.About, f.Text)
	for hint := range strings.SplitSeq(f.Hint, "\n") {
		if hint != "" {
			k.ui.Say("    hint: %s", hint)
		}
	}
}

func (k *checkup) count(f finding) {
	k.found.Findings = append(k.found.Findings, f)
	switch f.Level {
	case bad:
		k.found.Problems++
	case warning:
		k.found.Warnings++
	}
}

func (k *checkup) good(about, format string, args ...any) {
	k.add(finding{About: about, Level: good, Text: fmt.Sprintf(format, args...)})
}

// failed adds what an error says.
func (k *checkup) failed(about string, err error) {
	for _, t := range exit.Troubles(err) {
		text := strings.TrimPrefix(t.Text, about+": ")
		k.add(finding{About: about, Level: bad, Text: text, Hint: strings.Join(slices.DeleteFunc(t.Hints, isStays), "\n")})
	}
}

func isStays(hint string) bool { return hint == exit.Stays }

// file says that the file could be read, and what in it may hurt later.
func (k *checkup) file(context.Context) {
	spec := k.settings.MappingSpec()
	k.good("file", "%s is well-formed: %s, %s, %s; mode: %s", k.settings.File, voice.Count(len(k.settings.Sources), "source", "sources"),
		voice.Count(len(spec.Groups), "group", "groups"), voice.Count(len(spec.Rules), "rule", "rules"), k.settings.Policy().Mode)
	for _, t := range exit.Problems(k.settings.Warnings) {
		k.add(finding{About: "file", Level: warning, Text: t.Text, Hint: strings.Join(t.Hints, "\n")})
	}
	for _, e := range status.EndsSoon(k.settings, now()) {
		if strings.HasPrefix(e.What, "sources.") && e.Ended() {
			k.ended = append(k.ended, e)
			continue
		}
		k.ends(&e)
	}
}

// ends tells of something that ends soon, or has ended.
func (k *checkup) ends(e *status.End) {
	k.add(finding{About: "file", Level: warning, Text: e.Words(k.settings.Schedule.Zone), Hint: status.EndHint(k.settings, e.What)})
}

// sources lets each source examine itself, and then reads it.
func (k *checkup) sources(ctx context.Context) {
	for _, source := range k.session.sources {
		about := "source " + source.Name
		if st, ok := k.store.(renamer); ok { // what was pushed, and the tokens, may still be under the old name
			if err := takeName(ctx, st, source.ID, source.Was); err != nil {
				k.unread = append(k.unread, source.Name)
				k.failed(about, err)
				continue
			}
		}
		if checker, ok := source.Source.(connectors.Checker); ok && !k.examine(ctx, about, checker) {
			k.unread = append(k.unread, source.Name)
			continue
		}
		stop := k.ui.During(k.where)
		_, err := k.engine.Intake(ctx, source.Name, true)
		stop()
		if err != nil {
			k.unread = append(k.unread, source.Name)
			k.failed(about, err)
		}
	}
	for _, e := range k.ended { // a source knows better what to do about it, and once is enough
		if !k.told[e.What] {
			k.ends(&e)
		}
	}
	for _, st := range k.engine.Statuses() {
		if st.Behind != "" && !slices.Contains(k.unread, st.Name) {
			k.add(finding{About: "source " + st.Name, Level: warning, Text: "only leavers are believed: " + st.Behind,
				Hint: "see why it is not told (repadmin /showrepl); if it will not be told any more: kisi-sync accept " + st.Name})
		}
		if st.Doubts > 0 && !slices.Contains(k.unread, st.Name) {
			k.add(finding{About: "source " + st.Name, Level: warning,
				Text: voice.Doubts(st.Doubts, st.Doubt) + ": far more is missing than lately; nothing is taken away for it",
				Hint: "look at the directory; if they are really gone, run with --accept " + st.Name})
		}
	}
}

// examine says whether a source finds itself fit to be read.
func (k *checkup) examine(ctx context.Context, about string, checker connectors.Checker) bool {
	stop := k.ui.During(func() string { return "examining " + about })
	findings := checker.Check(ctx)
	stop()
	fit := true
	for _, f := range findings {
		if f.Path != "" {
			k.told[strings.Replace(about, "source ", "sources.", 1)+"."+f.Path] = true
			f.Text = f.Path + ": " + f.Text
		}
		fit = fit && f.Level != connectors.Problem
		k.add(finding{About: about, Level: [...]level{bad, warning, good}[f.Level], Text: exit.OneLine(f.Text), Hint: f.Hint})
	}
	return fit
}

func (k *checkup) end() error {
	if k.ui.JSON {
		if err := k.ui.Print(k.found); err != nil {
			return err
		}
	}
	warned := ""
	if n := k.found.Warnings; n > 0 {
		warned = "; " + voice.Count(n, "warning", "warnings")
	}
	if k.found.Problems > 0 {
		k.ui.Say("\n%s must be mended%s.", voice.Count(k.found.Problems, "problem", "problems"), warned)
		return &exit.Error{Code: exit.CodeFailed}
	}
	k.ui.Say("\nAll is well%s. Next: kisi-sync plan", warned)
	return nil
}
