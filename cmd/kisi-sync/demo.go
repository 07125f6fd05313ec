package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

//go:embed demo.yaml
var demoConfig string

func demoVerb(ui *call, _ *common) *cobra.Command {
	var keep, stage bool
	var dir string
	cmd := &cobra.Command{
		Use: "demo", Short: "See it work, with a made-up company in this process", Args: exactly(),
		Long: `Starts an LDAP directory of some sixty people and a simulated Kisi organization, both in this process and on loopback,
writes out the configuration, shows the plan, applies it, and then lets things happen: a joiner, a mover, a leaver, a
renamed group, and a mass removal. Nothing outside this machine is contacted, and no account is needed.

It takes a minute and a half, because the simulated Kisi takes no more than five calls a second, like the real one. On a
terminal it waits for Enter between chapters; q ends it.`,
		Example: `  kisi-sync demo
  kisi-sync demo --keep              then stay up, to try other verbs against it
  kisi-sync demo --stage --dir try   stay up without the story, with its files in the folder try`,
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "stay up at the end, so that other verbs can be tried")
	cmd.Flags().BoolVar(&stage, "stage", false, "leave the story out and stay up: plan and apply are yours to try")
	cmd.Flags().StringVar(&dir, "dir", "", "write configuration and state to `FOLDER`, which must be new or empty (default: a temporary one)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if ui.JSON {
			return exit.Usage(errors.New("the demo is a story for people; it has no --json"), "kisi-sync demo --keep stays up, and its verbs have")
		}
		d, err := newDemo(ui, dir)
		if err != nil {
			return err
		}
		defer d.close()
		if !stage {
			if err := d.play(cmd.Context()); err != nil && !errors.Is(err, errEnough) {
				return err
			}
		}
		return d.next(cmd.Context(), keep || stage)
	}
	return cmd
}

// demo is the stage: the two simulators, and a folder with the files of an admin.
type demo struct {
	ui      *call
	dir     string
	made    bool // the folder was made by us, and goes with us
	company *ldapsim.Company
	ldap    *ldapsim.Server
	kisi    *kisisim.Company
	api     *kisisim.Server
}

func newDemo(ui *call, dir string) (_ *demo, err error) {
	d := &demo{ui: ui, dir: dir}
	if err := d.folder(); err != nil {
		return nil, err
	}
	d.company = ldapsim.NewCompany(now)
	if d.ldap, err = ldapsim.Start(ldapsim.Options{Directory: d.company.Directory}); err != nil {
		return nil, fmt.Errorf("start the directory of the demo: %w", err)
	}
	d.kisi = kisisim.Acme(kisisim.Options{Organization: "Nordlicht", Domain: "nordlicht"})
	d.kisi.AddUser(kisisim.UserSpec{Email: "Katharina.Old@nordlicht.example", Name: "Katharina (test)"})
	d.kisi.AddUser(kisisim.UserSpec{Email: "KSchroeder@nordlicht.example", Name: "Katharina Schröder"})
	if d.api, err = d.kisi.Start(); err != nil {
		d.close()
		return nil, fmt.Errorf("start the Kisi of the demo: %w", err)
	}
	if err := d.files(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// folder finds a place for the files. One that is in use is not touched: what an earlier demo remembered there does not fit this one.
func (d *demo) folder() (err error) {
	if d.dir == "" {
		d.made = true
		d.dir, err = os.MkdirTemp("", "kisi-sync-demo-")
		return err
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return exit.Usage(fmt.Errorf("--dir: %w", err), "")
	}
	there, err := os.ReadDir(d.dir)
	if err != nil {
		return exit.Usage(fmt.Errorf("--dir: %w", err), "")
	}
	if len(there) > 0 {
		return exit.Usage(fmt.Errorf("--dir: %s is not empty", d.dir), "name a new folder")
	}
	return nil
}

// files writes what an admin would have written.
func (d *demo) files() error {
	text := strings.NewReplacer("KISI_URL", d.api.URL, "LDAP_URL", d.ldap.SecureURL()).Replace(demoConfig)
	for name, content := range map[string]string{
		"config.yaml":     text,
		"kisi-api-key":    d.kisi.Key + "\n",
		"ldap-password":   ldapsim.LoginPassword + "\n",
		"ldap-ca.pem":     string(d.ldap.CA().PEM()),
		"handpicked.yaml": handpicked,
	} {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("write the files of the demo: %w", err)
		}
	}
	return nil
}

const handpicked = `# People who are in no directory, kept by hand and reviewed like code.
people:
  - {email: maria.santos@partner.example, name: Maria Santos, access: [Visitors]}
  - {email: 'j.o''neill@partner.example', name: Jack O'Neill, access: [Visitors]}
`

func (d *demo) config() string { return filepath.Join(d.dir, "config.yaml") }

// close ends the simulators and, unless somebody named the folder, takes the files away. It may be called on half a demo.
func (d *demo) close() {
	if d.api != nil {
		d.api.Close()
	}
	if d.ldap != nil {
		d.ldap.Close()
	}
	if d.made {
		_ = os.RemoveAll(d.dir)
	}
}
