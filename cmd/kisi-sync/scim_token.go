package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

func scimVerb(ui *call, c *common) *cobra.Command {
	cmd := group(&cobra.Command{
		Use: "scim", Short: "Let an identity provider push people and groups",
		Long: `A source of type scim is pushed to: Okta, Entra ID and others send users and groups to the daemon, at scim.listen of the
file, each to a path and with tokens of its own. docs/scim.md tells what to click there.`,
		Example: `  kisi-sync scim token create okta
  kisi-sync scim token list okta`,
	})
	token := group(&cobra.Command{
		Use: "token", Short: "Make, list and revoke the tokens by which a provider proves who it is",
		Long: `A token is shown once, when it is made; only its SHA-256 is kept. Several are valid at once: to change one, make another,
paste it at the provider, see in the list that it is used, and revoke the old one. Tokens do not end by themselves.`,
		Example: `  kisi-sync scim token create okta --note "Okta, production"
  kisi-sync scim token revoke okta 5f0c11d2`,
	})
	token.AddCommand(scimTokenCreateVerb(ui, c), scimTokenListVerb(ui, c), scimTokenRevokeVerb(ui, c))
	cmd.AddCommand(token)
	return cmd
}

// tokenDocument is a token, as scim token prints it as JSON.
type tokenDocument struct {
	Source  string `json:"source"`
	ID      string `json:"id"`
	Note    string `json:"note,omitempty"`
	By      string `json:"by"`
	Created string `json:"created"`
	Used    string `json:"used,omitempty"`  // to the minute; "": never
	Token   string `json:"token,omitempty"` // when it is made, and never again
	URL     string `json:"url,omitempty"`   // what to paste at the provider; "": the file does not say how the port is reached
	Revoked bool   `json:"revoked,omitempty"`
}

func newTokenDocument(source string, t scim.Token) tokenDocument {
	d := tokenDocument{Source: source, ID: t.ID, Note: t.Note, By: t.By, Created: t.Created.UTC().Format(time.RFC3339)}
	if !t.Used.IsZero() {
		d.Used = t.Used.UTC().Format(time.RFC3339)
	}
	return d
}

// tokens is a verb about the tokens of a source.
type tokens struct {
	ui       *call
	settings *config.Settings
	store    *store.Store
	source   config.Source
	docs     connectors.Docs
	shared   bool // the store, with the daemon
}

// openTokens opens the state file, which is made when there is none yet: the first token comes before the first run.
func openTokens(ctx context.Context, ui *call, c *common, name string) (t *tokens, err error) {
	t = &tokens{ui: ui}
	if h := ui.host(); h != nil {
		t.settings, t.store, t.shared = h.daemon().settings, h.store, true
	} else if err := ui.beside(ctx, c); err != nil {
		return nil, err
	} else if t.settings, err = loadWithoutSecrets(c); err != nil {
		return nil, err
	}
	var names []string
	for _, s := range t.settings.Sources {
		if _, is := s.Config.(*scim.Settings); is {
			names = append(names, s.Name)
			if s.Name == name {
				t.source = s
			}
		}
	}
	switch {
	case len(names) == 0:
		return nil, exit.Usage(fmt.Errorf("%s has no source of type scim", t.settings.File), "docs/scim.md shows how to write one")
	case t.source.Config == nil:
		return nil, exit.Usage(fmt.Errorf("no source of type scim is called %q", name), "there is "+strings.Join(names, ", "))
	}
	if t.store == nil {
		if t.store, err = store.Open(t.settings.State, store.Options{Now: now, Who: ui.me()}); err != nil {
			return nil, err
		}
	}
	t.docs = t.store.Shelves(t.source.ID)
	if err := takeName(ctx, t.store, t.source.ID, t.source.Was); err != nil {
		t.closeInto(&err)
		return nil, err
	}
	return t, nil
}

func (t *tokens) closeInto(err *error) {
	if !t.shared {
		*err = exit.Also(*err, t.store.Close())
	}
}

// audit writes down what was done with a token.
func (t *tokens) audit(ctx context.Context, what string, token scim.Token) error {
	return t.store.Audit(ctx, record.AuditLine{Kind: record.DidToken, Who: t.ui.me(), Outcome: record.Done, Why: token.Note,
		What: fmt.Sprintf("%s token %s of source %s", what, token.ID, t.source.Name)})
}

func scimTokenCreateVerb(ui *call, c *common) *cobra.Command {
	note := ""
	cmd := &cobra.Command{
		Use: "create SOURCE", Short: "Make a token, and show it once", Args: exactly("SOURCE"),
		Long: `Prints the token on standard output, and nothing else there. It cannot be shown again. Paste it at the provider at once, or
into its secret store. Nothing of it is kept but its SHA-256, by which it is recognized.`,
		Example: `  kisi-sync scim token create okta --note "Okta, production"
  kisi-sync scim token create okta --json`,
	}
	cmd.Flags().StringVar(&note, "note", "", "what it is for, for the list: `TEXT`")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		t, err := openTokens(cmd.Context(), ui, c, args[0])
		if err != nil {
			return err
		}
		defer t.closeInto(&err)
		return t.create(cmd.Context(), note)
	}
	return cmd
}

func (t *tokens) create(ctx context.Context, note string) error {
	made, text, err := scim.NewToken(ctx, t.docs, scim.Token{Note: note, By: t.ui.me(), Created: now().UTC()})
	switch {
	case errors.Is(err, scim.ErrTooManyTokens):
		return exit.Failed(err, "kisi-sync scim token list "+t.source.Name+" says which are used; revoke one that is not")
	case err != nil:
		return err
	}
	if err := t.audit(ctx, "create", made); err != nil {
		return err
	}
	doc := newTokenDocument(t.source.Name, made)
	doc.Token, doc.URL = text, baseURL(t.settings, t.source.Name)
	if t.ui.JSON {
		return t.ui.Print(doc)
	}
	t.ui.Tell("Token %s of source %s. It is shown this once:", made.ID, t.source.Name)
	t.ui.Say("%s", text)
	if doc.URL != "" {
		t.ui.Tell("The address to paste with it: %s", doc.URL)
	} else {
		t.ui.Tell("The address to paste with it: https://HOST%s, where HOST is how the provider reaches %s; with scim.url in the file it is said here", scimPath(t.source.Name), t.settings.SCIM().Listen)
	}
	return nil
}

// baseURL is what is to be pasted at a provider; "" when the file does not say.
func baseURL(settings *config.Settings, source string) string {
	where := settings.SCIM()
	if where.URL != "" {
		return where.URL + scimPath(source)
	}
	host, port, err := net.SplitHostPort(where.Listen)
	if err != nil || where.Certificate == "" || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			return ""
		}
	}
	return "https://" + net.JoinHostPort(host, port) + scimPath(source)
}

func scimTokenListVerb(ui *call, c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list [SOURCE]", Short: "List the tokens, with when each was last used", Args: cobra.MaximumNArgs(1),
		Long: `Lists the tokens of a source, or of all that are pushed to: who made each, when, what for, and when it was last used, to the
minute. The tokens themselves are kept nowhere.`,
		Example: `  kisi-sync scim token list
  kisi-sync scim token list okta --json`,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return listTokens(cmd.Context(), ui, c, args)
	}
	return cmd
}

func listTokens(ctx context.Context, ui *call, c *common, args []string) (err error) {
	settings, st, err := recollectAny(ctx, ui, c)
	if err != nil {
		return err
	}
	defer func() { err = exit.Also(err, st.Close()) }()
	docs, known := []tokenDocument{}, false
	for _, source := range settings.Sources {
		if _, is := source.Config.(*scim.Settings); !is || len(args) > 0 && args[0] != source.Name {
			continue
		}
		known = true
		if err := takeName(ctx, st, source.ID, source.Was); err != nil {
			return err
		}
		all, err := scim.Tokens(ctx, st.Shelves(source.ID))
		if err != nil {
			return err
		}
		for _, t := range all {
			docs = append(docs, newTokenDocument(source.Name, t))
		}
	}
	if !known {
		return exit.Usage(fmt.Errorf("%s has no such source of type scim", settings.File), "docs/scim.md shows how to write one")
	}
	if ui.JSON {
		return ui.Print(docs)
	}
	return showTokens(ui, docs)
}

func showTokens(ui *call, docs []tokenDocument) error {
	if len(docs) == 0 {
		ui.Say("There is no token, so nobody can push. kisi-sync scim token create SOURCE makes one.")
		return nil
	}
	for _, d := range docs {
		used := "never used"
		if d.Used != "" {
			used = "last used " + d.Used
		}
		parts := []string{d.Source, d.ID, "made " + d.Created + " by " + d.By, used}
		if d.Note != "" {
			parts = append(parts, d.Note)
		}
		ui.Say("%s", strings.Join(parts, "  "))
	}
	return nil
}

func scimTokenRevokeVerb(ui *call, c *common) *cobra.Command {
	return &cobra.Command{
		Use: "revoke SOURCE ID", Short: "Take a token back: the next request that shows it is refused", Args: exactly("SOURCE", "ID"),
		Long: `Drops the token. What was pushed with it stays. A provider that has no other token gets 401 from then on, and stops pushing
until it has one; nobody loses anything by that.`,
		Example: `  kisi-sync scim token revoke okta 5f0c11d2`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			t, err := openTokens(cmd.Context(), ui, c, args[0])
			if err != nil {
				return err
			}
			defer t.closeInto(&err)
			return t.revoke(cmd.Context(), args[1])
		},
	}
}

func (t *tokens) revoke(ctx context.Context, id string) error {
	gone, err := scim.RevokeToken(ctx, t.docs, id)
	switch {
	case errors.Is(err, scim.ErrNoToken):
		return exit.Failed(fmt.Errorf("source %s has no token %q", t.source.Name, id), "kisi-sync scim token list "+t.source.Name+" lists them; the id is the second word of a line")
	case err != nil:
		return err
	}
	if err := t.audit(ctx, "revoke", gone); err != nil {
		return err
	}
	left, err := scim.Tokens(ctx, t.docs)
	if err != nil {
		return err
	}
	if t.ui.JSON {
		doc := newTokenDocument(t.source.Name, gone)
		doc.Revoked = true
		return t.ui.Print(doc)
	}
	t.ui.Say("Token %s of source %s is revoked.", gone.ID, t.source.Name)
	if len(left) == 0 {
		t.ui.Tell("%s no token is left, so nobody can push to it", t.ui.Yellow("!"))
	}
	return nil
}
