package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

//go:embed demo.yaml
var demoConfig string

func demoVerb(ui *voice, _ *common) *cobra.Command {
	var keep bool
	var dir string
	cmd := &cobra.Command{
		Use: "demo", Short: "See it work, with a made-up company in this process", Args: exactly(),
		Long: `Starts an LDAP directory of some sixty people and a simulated Kisi organization, both in this process and on
loopback, writes out the configuration, shows the plan, applies it, and then lets things happen: a joiner, a mover, a
leaver, a renamed group, and a mass removal. Nothing outside this machine is contacted, and no account is needed. It takes
about a minute and a half, because the simulated Kisi takes no more than five calls a second, like the real one.`,
		Example: "  kisi-sync demo\n  kisi-sync demo --keep      stay up, to try other verbs against it",
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "stay up at the end, so that other verbs can be tried")
	cmd.Flags().StringVar(&dir, "dir", "", "write the configuration and the state to `FOLDER` (default: a temporary one)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d, err := newDemo(ui, dir)
		if err != nil {
			return err
		}
		defer d.close(keep)
		if err := d.play(cmd.Context()); err != nil {
			return err
		}
		return d.next(cmd.Context(), keep)
	}
	return cmd
}

// demo is the stage: the two simulators, and a folder with the files of an admin.
type demo struct {
	ui      *voice
	dir     string
	made    bool // the folder was made by us
	company *ldapsim.Company
	ldap    *ldapsim.Server
	kisi    *kisisim.Company
	api     *kisisim.Server
}

func newDemo(ui *voice, dir string) (*demo, error) {
	d := &demo{ui: ui, dir: dir}
	if err := d.folder(); err != nil {
		return nil, fmt.Errorf("make the folder of the demo: %w", err)
	}
	d.company = ldapsim.NewCompany(now)
	ldap, err := ldapsim.Start(ldapsim.Options{Directory: d.company.Directory})
	if err != nil {
		return nil, fmt.Errorf("start the directory of the demo: %w", err)
	}
	d.ldap = ldap
	d.kisi = kisisim.Acme(kisisim.Options{Organization: "Nordlicht", Domain: "nordlicht"})
	d.kisi.AddUser(kisisim.UserSpec{Email: "Katharina.Old@nordlicht.example", Name: "Katharina (test)"})
	d.kisi.AddUser(kisisim.UserSpec{Email: "KSchroeder@nordlicht.example", Name: "Katharina Schröder"})
	api, err := d.kisi.Start()
	if err != nil {
		ldap.Close()
		return nil, fmt.Errorf("start the Kisi of the demo: %w", err)
	}
	d.api = api
	return d, d.files()
}

func (d *demo) folder() (err error) {
	if d.dir != "" {
		return os.MkdirAll(d.dir, 0o700)
	}
	d.made = true
	d.dir, err = os.MkdirTemp("", "kisi-sync-demo-")
	return err
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
  - {email: maria.santos@partner.example, name: Maria Santos}
  - {email: 'j.o''neill@partner.example', name: Jack O'Neill}
`

func (d *demo) config() string { return filepath.Join(d.dir, "config.yaml") }

// verb runs a verb exactly as the command line would, and returns its exit code.
func (d *demo) verb(ctx context.Context, args ...string) int {
	d.ui.say("\n%s", d.ui.bold("$ kisi-sync "+strings.Join(args, " ")))
	return run(ctx, world{in: strings.NewReader(""), out: d.ui.out, err: d.ui.out, args: append([]string{"--config", d.config()}, args...)})
}

// chapter begins a part of the story; with somebody at the terminal it waits for him.
func (d *demo) chapter(ctx context.Context, title, text string) error {
	if d.ui.terminal {
		fmt.Fprint(d.ui.out, "\n[Enter to go on] ")
		_, _ = d.ui.in.ReadString('\n')
	}
	d.ui.say("\n%s\n%s", d.ui.bold("── "+title+" "+strings.Repeat("─", max(3, 90-len([]rune(title))))), text)
	return ctx.Err()
}

// next says what to do after the demo, and stays up if asked to.
func (d *demo) next(ctx context.Context, keep bool) error {
	d.ui.say("\n%s", d.ui.bold("── What next "+strings.Repeat("─", 80)))
	if keep {
		d.ui.say(`The directory and the simulated Kisi stay up. In another terminal:

  kisi-sync -c %[1]s plan
  kisi-sync -c %[1]s explain jmueller
  kisi-sync -c %[1]s groups

Ctrl-C ends it.`, d.config())
		<-ctx.Done()
		return nil
	}
	d.ui.say(`For your own organization:

  1. copy config.example.yaml to config.yaml; it explains every line
  2. kisi-sync check    looks at the file, your directories and Kisi, and changes nothing
  3. kisi-sync plan     says what would happen, in people and doors
  4. kisi-sync apply    asks, and does it

  kisi-sync demo --keep stays up, so that you can try the verbs first.`)
	return nil
}

func (d *demo) close(keep bool) {
	d.api.Close()
	d.ldap.Close()
	if d.made {
		_ = os.RemoveAll(d.dir)
	} else if !keep {
		d.ui.say("\nThe files of the demo are in %s.", d.dir)
	}
}

// took says how long something took.
func took(since time.Time) string { return time.Since(since).Round(10 * time.Millisecond).String() }
