// Package draft writes the first file: it asks what it must, looks at Kisi and at a directory, and proposes rules for the groups that have
// the same name on both sides.
//
// It changes nothing on either side and writes over no file. Secrets go into files of their own, readable by their owner alone. What
// is written is read back, so that a proposal never is a file that cannot be used.
package draft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// Order is what is known before anybody is asked. What is "" is asked, or found out.
type Order struct {
	File         string // to write
	KeyFile      string // holds the Kisi API key, or will; beside file
	KisiURL      string // of a simulator; "": Kisi itself
	Installation string
	Kind         string            // of directory: one of Kinds
	Name         string            // of the source
	URL, User    string            // where the directory is, and the account that reads it; of Google, the administrator in whose name it is read
	Secret       string            // the file that holds the account's password, key, secret or token, or will; beside file
	CA           string            // a PEM file; "": what the machine trusts
	Email        string            // where people's addresses are; "": as the kind has it
	Login        string            // how the account logs in, where a kind has several ways
	Certificate  string            // the file with the certificate of such a login
	Base, Preset string            // of LDAP, as the file has them
	Tenant       string            // of Entra
	ClientID     string            // of Entra and Okta
	KeyID        string            // of Okta
	Path         string            // of a table
	Columns      map[string]string // what its header calls id, email, name, active and groups
	UserAgent    string            // of calls to Kisi
	Pace         pacer.Options
	Reach        time.Duration // how long to look for a directory that is not there
	Now          func() time.Time
}

// Write asks, looks at both sides without changing anything, and writes the file. It returns how many groups have the same name on
// both sides, and so a rule. Where nobody can be asked, what is missing is a mistake of usage.
func Write(ctx context.Context, ui *voice.Voice, o Order) (matched int, err error) {
	i := &initiation{Order: o, ui: ui}
	if err := i.refuseExisting(); err != nil {
		return 0, err
	}
	if err := i.lookAround(ctx); err != nil {
		return 0, err
	}
	return len(i.found.pairs), i.write()
}

// initiation is one init under way.
type initiation struct {
	Order
	ui     *voice.Voice
	source *proposedSource
	found  findings
}

func (i *initiation) dir() string { return filepath.Dir(i.File) }

// beside returns the path of a file that the configuration calls by a name.
func (i *initiation) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(i.dir(), name)
}

func (i *initiation) refuseExisting() error {
	_, err := os.Lstat(i.File)
	switch {
	case err == nil:
		return exit.Usage(fmt.Errorf("%s is there already, and init writes over nothing", i.File),
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
