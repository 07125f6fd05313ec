package draft

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/connectors"
)

// kind is a kind of directory: how it is asked about, and what the file says of it.
type kind struct {
	word  string // as --kind and the file's type say it
	about string // for whom the word says nothing
	name  string // what the source is called unless somebody says
	ask   func(*initiation, context.Context) (*proposedSource, error)
}

// proposedSource is a source that somebody has described: what to look at it with, and how the file says the same.
type proposedSource struct {
	settings connectors.Config
	lines    []string // below the source's name, but for type
}

// kinds returns all that can be looked at. A provider that pushes (scim) cannot.
func kinds() []kind {
	return []kind{
		{"ldap", "OpenLDAP, Active Directory, FreeIPA, 389 Directory Server", "corp", (*initiation).askLDAP},
		{"google", "Google Workspace", "workspace", (*initiation).askGoogle},
		{"entra", "Microsoft Entra ID (Azure AD)", "entra", (*initiation).askEntra},
		{"okta", "Okta", "okta", (*initiation).askOkta},
		{"scim_pull", "another service that has /Users and /Groups (SCIM 2.0)", "idp", (*initiation).askSCIM},
		{"csv", "a table in a file", "people", (*initiation).askCSV},
	}
}

// Kinds returns the words that Order.Kind may be.
func Kinds() []string {
	var words []string
	for _, k := range kinds() {
		words = append(words, k.word)
	}
	return words
}

// chooseKind asks what there is to read, unless it was said, or shows in the address.
func (i *initiation) chooseKind(ctx context.Context) (*kind, error) {
	if i.Kind == "" && strings.HasPrefix(strings.ToLower(i.URL), "ldap") {
		i.Kind = "ldap"
	}
	if i.Kind == "" && i.ui.Answers() {
		i.ui.Tell("Directory: where people and groups come from. It is read, and never written to.")
		for _, k := range kinds() {
			i.ui.Tell("  %-10s %s", k.word, k.about)
		}
		i.ui.Tell("  (for a provider that pushes over SCIM see docs/scim.md, for a list kept by hand docs/people-by-hand.md)")
	}
	if err := i.ask(ctx, &i.Kind, "--kind", "Which of these it is", "ldap"); err != nil {
		return nil, err
	}
	k, err := kindCalled(i.Kind)
	if err != nil {
		return nil, err
	}
	i.Kind, i.Name = k.word, cmp.Or(i.Name, k.name)
	return k, nil
}

func kindCalled(word string) (*kind, error) {
	all := kinds()
	n := slices.IndexFunc(all, func(k kind) bool { return k.word == strings.ToLower(word) })
	if n < 0 {
		return nil, exit.Usage(fmt.Errorf("there is no kind %q", word), "write one of "+strings.Join(Kinds(), ", "))
	}
	return &all[n], nil
}

// askFile wants the name of a file that is there: a key that somebody else made. Its content is never shown.
func (i *initiation) askFile(ctx context.Context, name *string, flag, question, proposal, missing string) error {
	if err := i.ask(ctx, name, flag, question, proposal); err != nil {
		return err
	}
	if _, err := os.Stat(i.beside(*name)); err != nil {
		return exit.Usage(fmt.Errorf("%s is not there: %w", question, err), missing)
	}
	return nil
}

// askOne wants one of some words.
func (i *initiation) askOne(ctx context.Context, word *string, flag, question string, words ...string) error {
	if err := i.ask(ctx, word, flag, question+": "+strings.Join(words, " or "), words[0]); err != nil {
		return err
	}
	if !slices.Contains(words, *word) {
		return exit.Usage(fmt.Errorf("%s: there is no %q", question, *word), "write "+strings.Join(words, " or ")+" after "+flag)
	}
	return nil
}

// line is one of the file's, with values so quoted that YAML reads exactly them.
func line(format string, values ...string) string {
	all := make([]any, len(values))
	for n, v := range values {
		all[n] = quoted(v)
	}
	return fmt.Sprintf(format, all...)
}

// also adds lines for settings that were said.
func (p *proposedSource) also(format, value string) {
	if value != "" {
		p.lines = append(p.lines, line(format, value))
	}
}

// quoted writes a text so that YAML reads exactly that text.
func quoted(text string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text can always be written
	return strings.TrimSpace(out.String())
}
