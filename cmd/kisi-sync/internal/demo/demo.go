// Package demo is a made-up company in this process: an LDAP directory and a Kisi, both simulated and on loopback, with the files of an
// admin in a folder, and a story in which somebody joins, moves and leaves. It contacts nobody outside this machine.
//
// What the story shows are the verbs themselves, run as the command line runs them; it fails when one ends otherwise than it says, so
// it is a test as well. Only this room may reach into the cellar, where the simulators are.
package demo

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

//go:embed demo.yaml
var demoConfig string

// Demo is the stage: the two simulators, and a folder with the files of an admin.
type Demo struct {
	ui      *voice.Voice
	now     func() time.Time
	run     func(ctx context.Context, s voice.Streams, args []string) int
	dir     string
	made    bool // the folder was made by us, and goes with us
	company *ldapsim.Company
	ldap    *ldapsim.Server
	kisi    *kisisim.Company
	api     *kisisim.Server
}

// Options are what a demo is made with.
type Options struct {
	Dir string           // where its files go, which must be new or empty; "": a temporary folder, which goes with the demo
	Now func() time.Time // the clock of the made-up company
	// run carries out a command line of this program, and returns its exit code.
	Run func(ctx context.Context, s voice.Streams, args []string) int
}

// New starts both simulators and writes the files. Whoever gets a demo closes it.
func New(ui *voice.Voice, o Options) (_ *Demo, err error) {
	d := &Demo{ui: ui, dir: o.Dir, now: o.Now, run: o.Run}
	if err := d.folder(); err != nil {
		return nil, err
	}
	d.company = ldapsim.NewCompany(o.Now)
	if d.ldap, err = ldapsim.Start(ldapsim.Options{Directory: d.company.Directory}); err != nil {
		return nil, fmt.Errorf("start the directory of the demo: %w", err)
	}
	d.kisi = kisisim.Acme(kisisim.Options{Organization: "Nordlicht", Domain: "nordlicht"})
	d.kisi.AddUser(kisisim.UserSpec{Email: "Katharina.Old@nordlicht.example", Name: "Katharina (test)"})
	d.kisi.AddUser(kisisim.UserSpec{Email: "KSchroeder@nordlicht.example", Name: "Katharina Schröder"})
	if d.api, err = d.kisi.Start(); err != nil {
		d.Close()
		return nil, fmt.Errorf("start the Kisi of the demo: %w", err)
	}
	if err := d.files(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// folder finds a place for the files. One that is in use is not touched: what an earlier demo remembered there does not fit this one.
func (d *Demo) folder() (err error) {
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
func (d *Demo) files() error {
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

func (d *Demo) config() string { return filepath.Join(d.dir, "config.yaml") }

// Close ends the simulators and, unless somebody named the folder, takes the files away. It may be called on half a demo.
func (d *Demo) Close() {
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
