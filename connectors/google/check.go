package google

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	admin "google.golang.org/api/admin/directory/v1"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// Check logs in, tries each permission, reads everything once and says what it found.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	if s.unknown != nil {
		return []connectors.Finding{problem(s.unknown)}
	}
	f := s.checkLogin(ctx)
	if hasProblem(f) {
		return f
	}
	f = append(f, s.checkCalls(ctx)...)
	if hasProblem(f) {
		return f
	}
	n := census{filled: map[string]int{}}
	before := s.line.Stats().Calls
	r, err := s.read(ctx, n.put)
	if err != nil {
		return append(f, problem(err))
	}
	f = append(f, n.findings(s)...)
	for _, remark := range r.remarks {
		f = append(f, connectors.Finding{Level: connectors.Warning, Text: remark})
	}
	return append(f, good(fmt.Sprintf("everything is read each time, in %d calls; Google allows 2400 a minute", s.line.Stats().Calls-before)))
}

// checkLogin asks for a token with all scopes; when that is refused, for one with each, so that the missing ones have names.
func (s *source) checkLogin(ctx context.Context) []connectors.Finding {
	_, err := s.login.token(ctx, "")
	if err == nil {
		return []connectors.Finding{good("Google takes the login of " + s.login.who())}
	}
	var no *refusal
	if !errors.As(err, &no) || no.Code != "unauthorized_client" && no.Code != "access_denied" {
		return []connectors.Finding{problem(err)}
	}
	var missing []string
	for _, scope := range s.login.scopes {
		if _, err := s.login.fetch(ctx, []string{scope}); errors.As(err, new(*refusal)) {
			missing = append(missing, scope)
		}
	}
	where := "Admin console, Security, Access and data control, API controls, Manage domain-wide delegation: "
	client := cmp.Or(s.login.clientID(), "the client id of the service account")
	if len(missing) == len(s.login.scopes) {
		return []connectors.Finding{{Path: pathOf(err), Text: "domain-wide delegation is not granted to the service account, or to another client id",
			Hint: where + "add " + client + " with " + strings.Join(s.login.scopes, ",") + " (it may take some minutes to work)"}}
	}
	return []connectors.Finding{{Path: pathOf(err), Text: "domain-wide delegation lacks " + strings.Join(missing, " and "),
		Hint: where + "edit " + client + " so that it has " + strings.Join(s.login.scopes, ",")}}
}

// who is who logs in, for people to read.
func (l *login) who() string {
	if !l.settings.App.IsZero() {
		return "whoever consented with kisi-sync source login"
	}
	return "the service account, in the name of " + l.settings.Subject
}

// clientID is what an administrator pastes; "" when the key does not say.
func (l *login) clientID() string {
	text, err := l.settings.Key.Resolve(secret.Place{Base: l.dir})
	var key struct {
		ClientID string `json:"client_id"`
	}
	if err != nil || json.Unmarshal([]byte(text.Reveal()), &key) != nil {
		return ""
	}
	return key.ClientID
}

// checkCalls makes the smallest call of each kind, so that each permission that is missing is named and not only the first.
func (s *source) checkCalls(ctx context.Context) []connectors.Finding {
	api, err := s.directory(ctx)
	if err != nil {
		return []connectors.Finding{problem(err)}
	}
	customer := cmp.Or(s.settings.Customer, "my_customer")
	var f []connectors.Finding
	try := func(what, scope string, call func() error) {
		if err := call(); err != nil {
			f = append(f, problem(fmt.Errorf("%s: %w", what, explain(err, scope))))
		}
	}
	try("list users", admin.AdminDirectoryUserReadonlyScope, func() error {
		_, err := (&reading{source: s, api: api}).users().MaxResults(1).Fields("kind").Context(ctx).Do()
		return err
	})
	if s.settings.reads(ofGroups) {
		try("list groups", admin.AdminDirectoryGroupReadonlyScope, func() error {
			_, err := api.Groups.List().Customer(customer).MaxResults(1).Fields("kind").Context(ctx).Do()
			return err
		})
	}
	if s.settings.reads(ofUnits) {
		try("list organizational units", admin.AdminDirectoryOrgunitReadonlyScope, func() error {
			_, err := api.Orgunits.List(customer).Type("children").Fields("kind").Context(ctx).Do()
			return err
		})
	}
	return once(f)
}

// once keeps the first of findings that say the same of several calls.
func once(all []connectors.Finding) []connectors.Finding {
	said := map[string]bool{}
	var f []connectors.Finding
	for _, one := range all {
		if key := one.Path + one.Hint; !said[key] {
			said[key] = true
			f = append(f, one)
		}
	}
	return f
}

// census counts what a read brings; it keeps nobody.
type census struct {
	people, addressed, disabled int
	groups, members             int
	filled                      map[string]int // people by the attributes that they have
}

func (n *census) put(r *directory.Record) error {
	switch r.Kind {
	case directory.PersonIs:
		n.people++
		if r.Email != "" {
			n.addressed++
		}
		if r.Active == directory.No {
			n.disabled++
		}
		for _, a := range r.Attrs {
			n.filled[a.Name]++
		}
	case directory.GroupIs:
		n.groups++
	case directory.MemberIs:
		n.members++
	}
	return nil
}

func (n *census) findings(s *source) []connectors.Finding {
	f := []connectors.Finding{good(fmt.Sprintf("%d people, %d with an e-mail address, %d suspended or archived", n.people, n.addressed, n.disabled)),
		good(fmt.Sprintf("%d groups and organizational units with %d memberships", n.groups, n.members))}
	warn := func(path, text, hint string) {
		f = append(f, connectors.Finding{Level: connectors.Warning, Path: path, Text: text, Hint: hint})
	}
	if n.people == 0 {
		warn("people", "nobody is read", "compare people.units, people.filter and domain with the Admin console")
	}
	if n.groups == 0 {
		warn("groups", "no group is read", "fine if rules name no groups; else compare groups.filter with the Admin console")
	}
	for i := range s.fields {
		if a := &s.fields[i]; n.people > 0 && n.filled[a.name] == 0 {
			warn("attributes", "nobody has "+a.name, "compare the spelling with Google's; custom fields are customSchemas.SCHEMA.FIELD")
		}
	}
	return f
}

func hasProblem(all []connectors.Finding) bool {
	for _, f := range all {
		if f.Level == connectors.Problem {
			return true
		}
	}
	return false
}

func good(text string) connectors.Finding {
	return connectors.Finding{Level: connectors.Good, Text: text}
}

func problem(err error) connectors.Finding {
	text, hint := split(err)
	return connectors.Finding{Path: pathOf(err), Text: text, Hint: hint}
}
