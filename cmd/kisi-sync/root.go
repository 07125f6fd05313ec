package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
)

// world is what the program touches outside itself.
type world struct {
	in       io.Reader
	out, err io.Writer
	args     []string
	from     *caller // of another process, which this one answers; nil: this process is called itself
}

// common are the flags that every verb has.
type common struct {
	config string
	json   bool
	log    string
	judges bool // the verb says what this program thinks of the file, also where a daemon of another version is content with it
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, w world) int {
	ui := newCall(w)
	root := newRoot(ui)
	root.SetArgs(w.args)
	err := root.ExecuteContext(ctx)
	if err != nil && slices.Contains(w.args, "--json") {
		ui.JSON = true // also when the command line could not be understood up to there
	}
	return ui.End(err)
}

// runWithin carries out a command line as a part of another one, in the same process, and returns its exit code.
func runWithin(ctx context.Context, s voice.Streams, args []string) int {
	return run(ctx, world{in: s.In, out: s.Out, err: s.Err, args: args})
}

const rootLong = `kisi-sync reads people and groups from your directories, decides by your rules who should hold which
door, and keeps a Kisi organization in step: users, groups with their doors, access rights with dates.

It never takes a door away because of a read that was not whole, never touches what is not its own,
and can always say why.

Exit codes: 0 fine; 1 failed; 2 usage or configuration; 3 something is held for a person to decide;
4 (plan only) there are changes. When several hold, the smallest.`

const rootExample = `  kisi-sync demo                       see it work, without any account
  kisi-sync init                       ask a few questions, and write the first file
  kisi-sync check                      look at the file, the directories and Kisi; change nothing
  kisi-sync plan                       say what would happen, in people and doors
  kisi-sync apply                      the same, then ask, then do it
  kisi-sync explain ana@example.com    why Ana has, or has not, a door`

// The headings under which the help lists verbs, in this order.
const (
	groupBegin  = "begin"
	groupWork   = "work"
	groupDaemon = "daemon"
	groupHeld   = "held"
	groupPeople = "people"
	groupList   = "list"
	groupOther  = "other"
)

func newRoot(ui *call) *cobra.Command {
	c := &common{}
	root := group(&cobra.Command{
		Use: "kisi-sync", Short: "Keep the doors of a Kisi organization in step with your directories",
		Long: rootLong, Example: rootExample, SilenceErrors: true, SilenceUsage: true, SuggestionsMinimumDistance: 2,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return ui.begin(cmd, c) },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	})
	flags := root.PersistentFlags()
	flags.StringVarP(&c.config, "config", "c", "config.yaml", "configuration `FILE`; where there is none of that name, "+installedConfig())
	flags.BoolVar(&c.json, "json", false, "print one JSON document, for scripts")
	flags.StringVar(&c.log, "log", "error", "what to log on standard error: `LEVEL` is debug, info, warn or error")
	root.SetOut(ui.Out)
	root.SetErr(ui.Err)
	root.SetIn(ui.In)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return exit.Usage(err, seeHelp(cmd)) })
	root.AddGroup(
		&cobra.Group{ID: groupBegin, Title: "To begin:"},
		&cobra.Group{ID: groupWork, Title: "To work:"},
		&cobra.Group{ID: groupDaemon, Title: "To watch and steer:"},
		&cobra.Group{ID: groupHeld, Title: "To decide, by a person:"},
		&cobra.Group{ID: groupPeople, Title: "To keep people by hand:"},
		&cobra.Group{ID: groupList, Title: "What there is in Kisi, by the names that the file uses:"},
		&cobra.Group{ID: groupOther, Title: "Besides:"},
	)
	root.SetHelpCommandGroupID(groupOther)
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if not .HasAvailableSubCommands}}", 1))
	for _, family := range []struct {
		group string
		verbs []func(*call, *common) *cobra.Command
	}{
		{groupBegin, []func(*call, *common) *cobra.Command{demoVerb, initVerb, checkVerb}},
		{groupWork, []func(*call, *common) *cobra.Command{planVerb, applyVerb, syncVerb, explainVerb, reviewVerb, reportVerb}},
		{groupDaemon, []func(*call, *common) *cobra.Command{runVerb, statusVerb, runsVerb, pauseVerb, resumeVerb, reloadVerb}},
		{groupDaemon, machineVerbs()},
		{groupHeld, []func(*call, *common) *cobra.Command{plansVerb, approveVerb, rejectVerb, acceptVerb, driftVerb,
			blockVerb, unblockVerb, exemptVerb, unexemptVerb, adoptVerb, releaseVerb, renameVerb}},
		{groupPeople, []func(*call, *common) *cobra.Command{usersVerb, importVerb, exportVerb}},
		{groupOther, []func(*call, *common) *cobra.Command{scimVerb}},
		{groupList, []func(*call, *common) *cobra.Command{placesVerb, doorsVerb, elevatorsVerb, groupsVerb, rolesVerb}},
		{groupBegin, []func(*call, *common) *cobra.Command{sourceVerb}},
		{groupOther, []func(*call, *common) *cobra.Command{auditVerb, stateVerb, configVerb, supportVerb, versionVerb, completionVerb}},
	} {
		for _, verb := range family.verbs {
			cmd := verb(ui, c)
			cmd.GroupID = family.group
			root.AddCommand(cmd)
		}
	}
	return root
}

// group makes a command that only has others below it. A word that is none of them is a mistake; without a word it shows its help.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := seeHelp(cmd)
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "?"
		}
		return exit.Usage(fmt.Errorf("unknown command %q for %s", args[0], cmd.CommandPath()), hint)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

func seeHelp(cmd *cobra.Command) string { return "see " + cmd.CommandPath() + " --help" }

// exactly is cobra.ExactArgs with a message that says what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return exit.Usage(fmt.Errorf("expected: %s", strings.TrimSuffix(cmd.UseLine(), " [flags]")), seeHelp(cmd))
	}
}
