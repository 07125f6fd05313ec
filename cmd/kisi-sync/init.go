package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

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

// beginning is what init is told, by flags and answers.
type beginning struct {
	keyFile, kisiURL       string
	installation           string
	ldap, user, password   string // password: the file that holds it
	ca, base, preset, name string
}

func initVerb(ui *call, c *common) *cobra.Command {
	var b beginning
	cmd := &cobra.Command{
		Use: "init", Short: "Ask a few questions and write the first file", Args: exactly(), Long: initLong, Example: initExample,
	}
	flags := cmd.Flags()
	flags.StringVar(&b.keyFile, "key-file", "", "`FILE` beside the configuration that holds the Kisi API key, or will")
	flags.StringVar(&b.kisiURL, "kisi-url", "", "for tests against a simulator on this machine")
	flags.StringVar(&b.installation, "installation", "", "a `NAME` for this installation; it is written into what kisi-sync creates in Kisi")
	flags.StringVar(&b.ldap, "ldap", "", "the directory's `URL`: ldaps://host")
	flags.StringVar(&b.user, "user", "", "the `ACCOUNT` that reads the directory")
	flags.StringVar(&b.password, "password-file", "", "`FILE` beside the configuration that holds the account's password, or will")
	flags.StringVar(&b.ca, "ca", "", "PEM `FILE` with your own certificate authority")
	flags.StringVar(&b.base, "base", "", "the `DN` below which people and groups are; the directory usually says")
	flags.StringVar(&b.preset, "preset", "", "openldap, active_directory, freeipa or 389ds; the directory usually says")
	flags.StringVar(&b.name, "source", "corp", "how the file calls the directory")
	_ = flags.MarkHidden("kisi-url")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		i := &initiation{ui: ui, file: c.config, beginning: b}
		if err := i.refuseExisting(); err != nil {
			return err
		}
		if err := i.lookAround(cmd.Context()); err != nil {
			return err
		}
		if err := i.write(); err != nil {
			return err
		}
		return i.showFirst(cmd)
	}
	return cmd
}

// initiation is one init under way.
type initiation struct {
	beginning
	ui    *call
	file  string
	found findings
}

func (i *initiation) dir() string { return filepath.Dir(i.file) }

// beside returns the path of a file that the configuration calls by a name.
func (i *initiation) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(i.dir(), name)
}

func (i *initiation) refuseExisting() error {
	_, err := os.Lstat(i.file)
	switch {
	case err == nil:
		return exit.Usage(fmt.Errorf("%s is there already, and init writes over nothing", i.file),
			"kisi-sync check looks at it; kisi-sync init -c OTHER.yaml writes another one")
	case !errors.Is(err, fs.ErrNotExist):
		return exit.Usage(err, "")
	}
	if info, err := os.Stat(i.dir()); err != nil || !info.IsDir() {
		return exit.Usage(fmt.Errorf("there is no folder %s", i.dir()), "make it first, readable by the account that runs kisi-sync")
	}
	return nil
}

// ask returns what a flag said, else what somebody answers, else the proposal.
func (i *initiation) ask(ctx context.Context, value *string, flag, question, proposal string) error {
	if *value != "" {
		return nil
	}
	if !i.ui.Answers() {
		if proposal != "" {
			*value = proposal
			return nil
		}
		return exit.Usage(fmt.Errorf("init needs to know: %s", question), "there is nobody to ask; say it with "+flag)
	}
	text := question
	if proposal != "" {
		text += " [" + proposal + "]"
	}
	const patience = 3
	for range patience {
		answer, err := i.ui.Prompt(ctx, text+": ")
		if err != nil {
			return err
		}
		if *value = cmp.Or(answer, proposal); *value != "" {
			return nil
		}
	}
	return exit.Usage(fmt.Errorf("init needs to know: %s", question), "or say it with "+flag)
}

// askSecret sees that a file holds a secret: one that is there is used, otherwise what somebody types is kept in it.
func (i *initiation) askSecret(ctx context.Context, file, question string) error {
	path := i.beside(file)
	if _, err := os.Lstat(path); err == nil {
		i.ui.Tell("%s: %s is used as it is", question, path)
		return nil
	}
	if !i.ui.Answers() {
		return exit.Usage(fmt.Errorf("%s is not there", path), "put the secret into it, readable by you alone: chmod 600 "+path)
	}
	answer, err := i.ui.PromptSecret(ctx, question+" (it is not shown): ")
	if err != nil {
		return err
	}
	if answer = strings.TrimSpace(answer); answer == "" {
		return exit.Usage(fmt.Errorf("nothing was typed for: %s", question), "")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exit.Failed(fmt.Errorf("keep the secret: %w", err), "")
	}
	_, err = f.WriteString(answer + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return exit.Failed(fmt.Errorf("keep the secret in %s: %w", path, err), "")
	}
	i.ui.Tell("  kept in %s, readable by you alone", path)
	return nil
}

// showFirst runs the two verbs that come next.
func (i *initiation) showFirst(cmd *cobra.Command) error {
	if len(i.found.pairs) == 0 {
		i.ui.Say("\nNo group has the same name on both sides, so the file has no rule yet. Write one at its end; then: kisi-sync check -c %s", i.file)
		return nil
	}
	for _, verb := range []string{"check", "plan"} {
		i.ui.Say("\n%s", i.ui.Bold("kisi-sync "+verb+" -c "+i.file))
		next := newRoot(i.ui)
		next.SetArgs([]string{verb, "--config", i.file})
		if err := next.ExecuteContext(cmd.Context()); err != nil && exit.CodeOf(err) != exit.CodeHeld && exit.CodeOf(err) != exit.CodeChanges {
			return err
		}
	}
	i.ui.Say("\nNothing was changed: the file says mode: observe. Read it, and when the plan is what you want, write mode: add_only, later mode: full.")
	return nil
}
