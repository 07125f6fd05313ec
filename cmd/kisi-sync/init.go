package main

import (
	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/draft"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

const initLong = `Asks for a Kisi API key and for a directory, looks at both without changing anything, and proposes a
file: commented, in mode observe, with a rule for each group that has the same name on both sides.
Then it checks the file and shows the first plan.

The key and the password go to files of their own, readable by you alone. Nothing that exists is
written over. What is given as a flag is not asked, so that a script can do it too.`

const initExample = `  kisi-sync init
  kisi-sync init -c /etc/kisi-sync/config.yaml
  kisi-sync init --ldap ldaps://dc1.corp.example.com --user kisi-sync@corp.example.com`

func initVerb(ui *call, c *common) *cobra.Command {
	o := draft.Order{Now: now, UserAgent: "kisi-sync/" + version()}
	cmd := &cobra.Command{
		Use: "init", Short: "Ask a few questions and write the first file", Args: exactly(), Long: initLong, Example: initExample,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.KeyFile, "key-file", "", "`FILE` beside the configuration that holds the Kisi API key, or will")
	flags.StringVar(&o.KisiURL, "kisi-url", "", "for tests against a simulator on this machine")
	flags.StringVar(&o.Installation, "installation", "", "a `NAME` for this installation; it is written into what kisi-sync creates in Kisi")
	flags.StringVar(&o.LDAP, "ldap", "", "the directory's `URL`: ldaps://host")
	flags.StringVar(&o.User, "user", "", "the `ACCOUNT` that reads the directory")
	flags.StringVar(&o.Password, "password-file", "", "`FILE` beside the configuration that holds the account's password, or will")
	flags.StringVar(&o.CA, "ca", "", "PEM `FILE` with your own certificate authority")
	flags.StringVar(&o.Base, "base", "", "the `DN` below which people and groups are; the directory usually says")
	flags.StringVar(&o.Preset, "preset", "", "openldap, active_directory, freeipa or 389ds; the directory usually says")
	flags.StringVar(&o.Name, "source", "corp", "how the file calls the directory")
	_ = flags.MarkHidden("kisi-url")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.File, o.Pace = c.config, pace(4)
		o.Pace.Patience = watched
		matched, err := draft.Write(cmd.Context(), ui.Voice, o)
		if err != nil {
			return err
		}
		return showFirst(cmd, ui, o.File, matched)
	}
	return cmd
}

// showFirst runs the two verbs that come next, if there is a rule to look at.
func showFirst(cmd *cobra.Command, ui *call, file string, matched int) error {
	if matched == 0 {
		ui.Say("\nNo group has the same name on both sides, so the file has no rule yet. Write one at its end; then: kisi-sync check -c %s", file)
		return nil
	}
	for _, verb := range []string{"check", "plan"} {
		ui.Say("\n%s", ui.Bold("kisi-sync "+verb+" -c "+file))
		next := newRoot(ui)
		next.SetArgs([]string{verb, "--config", file})
		if err := next.ExecuteContext(cmd.Context()); err != nil && exit.CodeOf(err) != exit.CodeHeld && exit.CodeOf(err) != exit.CodeChanges {
			return err
		}
	}
	ui.Say("\nNothing was changed: the file says mode: observe. Read it, and when the plan is what you want, write mode: add_only, later mode: full.")
	return nil
}
