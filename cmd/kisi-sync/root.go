package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// world is what the program touches outside itself.
type world struct {
	in       io.Reader
	out, err io.Writer
	args     []string
}

// common are the flags that every verb has.
type common struct {
	config string
	json   bool
	log    string
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, w world) int {
	ui := newVoice(w)
	root := newRoot(ui)
	root.SetArgs(w.args)
	err := root.ExecuteContext(ctx)
	return ui.end(err)
}

const rootLong = `kisi-sync reads people and groups from your directories, decides by your rules who should hold which
door, and keeps a Kisi organization in step: users, groups with their doors, access rights with dates.

It never takes a door away because of a read that was not whole, never touches what is not its own,
and can always say why.

Exit codes: 0 fine; 1 failed; 2 usage or configuration; 3 something is held for approval;
4 (plan only) there are changes.`

const rootExample = `  kisi-sync demo                       see it work, without any account
  kisi-sync check                      look at the file, the directories and Kisi; change nothing
  kisi-sync plan                       say what would happen, in people and doors
  kisi-sync apply                      the same, then ask, then do it
  kisi-sync explain ana@example.com    why Ana has, or has not, a door`

func newRoot(ui *voice) *cobra.Command {
	c := &common{}
	root := &cobra.Command{
		Use: "kisi-sync", Short: "Keep the doors of a Kisi organization in step with your directories",
		Long: rootLong, Example: rootExample, SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return ui.begin(c) },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&c.config, "config", "c", "config.yaml", "configuration `FILE`")
	flags.BoolVar(&c.json, "json", false, "print JSON for scripts")
	flags.StringVar(&c.log, "log", "warn", "what to log on standard error: debug, info, warn or error")
	root.SetOut(ui.out)
	root.SetErr(ui.err)
	root.SetIn(ui.in)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err, "see kisi-sync "+cmd.Name()+" --help")
	})
	for _, verb := range []func(*voice, *common) *cobra.Command{
		demoVerb, checkVerb, planVerb, applyVerb, syncVerb, explainVerb,
		placesVerb, doorsVerb, elevatorsVerb, groupsVerb, configVerb, versionVerb,
	} {
		root.AddCommand(verb(ui, c))
	}
	return root
}

// The exit codes, as documented in the help and in docs/exit-codes.md.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitHeld    = 3
	exitChanges = 4
)

// exit is an end of the program that is not success. err may be nil: then everything has been said already.
type exit struct {
	code int
	err  error
	hint string
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage is a mistake in the command line or in the configuration.
func usage(err error, hint string) error { return &exit{code: exitUsage, err: err, hint: hint} }

// exactly is cobra.ExactArgs with a message that says what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return usage(errors.New("expected: kisi-sync "+cmd.Use), "see kisi-sync "+cmd.Name()+" --help")
	}
}

// now is the clock of the program; everything below is given it.
func now() time.Time { return time.Now() }
