package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/draft"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

const initLong = `Asks for a directory and for a Kisi API key, looks at both without changing anything, and proposes a
file: commented, in mode observe, with a rule for each group that has the same name on both sides.
Then it checks the file and shows the first plan.

The directory may be LDAP, Google Workspace, Microsoft Entra ID, Okta, another service that speaks
SCIM, or a table in a file.

The key and the password go to files of their own, readable by you alone. Nothing that exists is
written over. What is given as a flag is not asked, so that a script can do it too.`

const initExample = `  kisi-sync init
  kisi-sync init -c /etc/kisi-sync/config.yaml
  kisi-sync init --url ldaps://dc1.corp.example.com --user kisi-sync@corp.example.com
  kisi-sync init --kind google --secret-file google-key.json --user kisi-sync@example.com
  kisi-sync init --kind entra --tenant 8f2d4f3c-… --client-id 0d6f6c1e-… --login certificate
  kisi-sync init --kind okta --url https://acme.okta.com --client-id 0oa1b2c3d4 --key-id x7Qf
  kisi-sync init --kind csv --path /srv/hr/people.csv --columns "id=Personnel no,email=E-mail"`

func initVerb(ui *call, c *common) *cobra.Command {
	o := draft.Order{Now: now, UserAgent: "kisi-sync/" + version()}
	cmd := &cobra.Command{
		Use: "init", Short: "Ask a few questions and write the first file", Args: exactly(), Long: initLong, Example: initExample,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.KeyFile, "key-file", "", "`FILE` beside the configuration that holds the Kisi API key, or will")
	flags.StringVar(&o.KisiURL, "kisi-url", "", "for tests against a simulator on this machine")
	flags.StringVar(&o.Installation, "installation", "", "a `NAME` for this installation; it is written into what kisi-sync creates in Kisi")
	flags.StringVar(&o.Kind, "kind", "", "what the directory is, a `WORD`: "+strings.Join(draft.Kinds(), ", "))
	flags.StringVar(&o.Name, "source", "", "a `NAME` for the directory in the file")
	flags.StringVar(&o.URL, "url", "", "the directory's `URL`: ldaps://host, https://acme.okta.com, https://idp.example.com/scim/v2")
	flags.StringVar(&o.User, "user", "", "the `ACCOUNT` that reads the directory; for google the administrator in whose name it is read")
	flags.StringVar(&o.Login, "login", "", "a `WORD`: secret or certificate (entra), key or token (okta), token or password (scim_pull)")
	flags.StringVar(&o.Secret, "secret-file", "", "`FILE` beside the configuration that holds the account's password, key, secret or token, or will")
	flags.StringVar(&o.Certificate, "certificate", "", "`FILE` with the certificate that is registered in Entra")
	flags.StringVar(&o.CA, "ca", "", "PEM `FILE` with your own certificate authority")
	flags.StringVar(&o.Tenant, "tenant", "", "the Directory (tenant) `ID` in Entra")
	flags.StringVar(&o.ClientID, "client-id", "", "the application's `ID` in Entra or Okta")
	flags.StringVar(&o.KeyID, "key-id", "", "the `ID` of the app's key in Okta")
	flags.StringVar(&o.Email, "email", "", "where people's addresses are, a `WORD`: emails or userName (scim_pull), mail or user_principal_name (entra), email or login (okta)")
	flags.StringVar(&o.Base, "base", "", "the `DN` below which people and groups are; the directory usually says")
	flags.StringVar(&o.Preset, "preset", "", "openldap, active_directory, freeipa or 389ds; the directory usually says")
	flags.StringVar(&o.Path, "path", "", "the `FILE` with the table")
	flags.StringToStringVar(&o.Columns, "columns", nil, "what the table calls id, email, name, active and groups, as `KEY=NAME,…`")
	_ = flags.MarkHidden("kisi-url")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.File, o.Pace = c.config, pace(4)
		o.Pace.Patience, o.Reach = watched, reachable
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
