package entra

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Check logs in, compares the permissions that the token names with those that are needed, reads everything once and says what it found.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	f := s.checkCertificate()
	if len(f) > 0 && f[0].Level == connectors.Problem {
		return f // Entra would refuse, in other words for the same
	}
	s.login.forget()
	who, err := s.login.who(ctx)
	if err != nil {
		return append(f, connectors.Tell(err, ""))
	}
	f = append(f, good(s.signedIn(who)))
	f = append(f, s.checkRoles(who)...)
	if slices.ContainsFunc(s.missing(who), func(r role) bool { return r.least != leaversRole().least }) {
		return f // Graph would refuse, in other words for the same
	}
	return append(f, s.checkContent(ctx, who)...)
}

func (s *source) signedIn(who claims) string {
	text := "signed in at " + s.to.authority
	if who.readable {
		text += fmt.Sprintf(" as %s in tenant %s", or(who.Name, who.application()), who.Tenant)
	}
	return text
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// soon is how long before its end a certificate is warned of by the check of the file.
const soon = 30 * 24 * time.Hour

func (s *source) checkCertificate() []connectors.Finding {
	if s.settings.Login.Certificate == "" {
		return nil
	}
	pair, err := s.login.pair()
	if err != nil {
		return []connectors.Finding{connectors.Tell(err, "")}
	}
	end := pair.certificate.NotAfter
	f := connectors.Finding{Level: connectors.Good, Path: "login.certificate"}
	switch left := end.Sub(s.env.Now()); {
	case left <= 0:
		f.Level, f.Text = connectors.Problem, "the certificate ended on "+end.Format(time.DateOnly)
		f.Hint = "make a new one (docs/entra.md), upload it on the application's page, Certificates & secrets, and replace both files; no restart is needed"
	case left < soon:
		return nil // the check of the file says so, as of every certificate
	default:
		f.Text = fmt.Sprintf("the certificate ends on %s, in %d days", end.Format(time.DateOnly), int(left.Hours()/24))
	}
	return []connectors.Finding{f}
}

// checkRoles tells what is missing by its exact name, and what is too much.
func (s *source) checkRoles(who claims) []connectors.Finding {
	if !who.readable {
		return []connectors.Finding{good("the token does not say which permissions it has; reading will tell")}
	}
	missing := s.missing(who)
	var f []connectors.Finding
	for _, r := range missing {
		f = append(f, connectors.Finding{Path: "login.client_id", Text: "the application may not " + r.what + ": " + r.least + " is not among its permissions", Hint: grant(r)})
	}
	if len(who.Roles) == 0 {
		f[0].Text += "; it has none at all, so an administrator has not consented yet"
	}
	if len(missing) == 0 {
		f = append(f, good("permissions: "+strings.Join(sorted(who.Roles), ", ")))
	}
	var writes []string
	for _, r := range sorted(who.Roles) {
		if strings.Contains(r, "Write") {
			writes = append(writes, r)
		}
	}
	if len(writes) > 0 {
		f = append(f, connectors.Finding{Level: connectors.Warning, Path: "login.client_id", Text: "the application may change the directory: " + strings.Join(writes, ", "),
			Hint: "kisi-sync only reads: take these away, and leave " + usersRole().least + " and " + groupsRole().least})
	}
	return f
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	sort.Strings(out)
	return out
}

func (s *source) checkContent(ctx context.Context, who claims) []connectors.Finding {
	found := directory.Build("check", nil)
	r := s.reading(found.Put)
	if err := r.everything(ctx); err != nil {
		return []connectors.Finding{connectors.Tell(err, "")}
	}
	_, diff, err := found.Seal(directory.Receipt{Coverage: directory.Complete, At: r.began}, nil)
	if err != nil {
		return []connectors.Finding{connectors.Tell(err, "")}
	}
	f := s.census(diff.After)
	if r.guests > 0 {
		f = append(f, good(fmt.Sprintf("passed over as guests (people.guests): %d", r.guests)))
	}
	for _, kind := range sortedKeys(r.ignored) {
		f = append(f, good(fmt.Sprintf("passed over as members of groups, being of the type %s: %d", kind, r.ignored[kind])))
	}
	for _, remark := range r.remarks(who) {
		if !strings.Contains(remark, leaversRole().least) { // told among the permissions
			f = append(f, connectors.Finding{Level: connectors.Warning, Text: remark})
		}
	}
	if !s.settings.Increments {
		return append(f, good("everything is read each time: increments are switched off"))
	}
	return append(f, good(fmt.Sprintf("only what changed is read from now on (delta queries); everything took %d calls", r.proof.Pages)))
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// census tells how many there are.
func (s *source) census(n directory.Counts) []connectors.Finding {
	var f []connectors.Finding
	addressed := n.Having(directory.MailCount)
	switch {
	case n.People == 0:
		f = append(f, connectors.Finding{Path: "people", Text: "there is nobody", Hint: "see that tenant is the directory where people are; if all of them are guests, write people: {guests: include}"})
	case addressed == 0:
		f = append(f, connectors.Finding{Path: "people.email", Text: fmt.Sprintf("none of %d people has an address in %s", n.People, strings.Join(s.settings.People.Email, " or ")),
			Hint: "write people: {email: [user_principal_name]} if people sign in with their address"})
	default:
		f = append(f, good(fmt.Sprintf("%d people, %d with an e-mail address, %d disabled", n.People, addressed, n.People-n.Active)))
	}
	if n.Groups == 0 {
		return append(f, connectors.Finding{Level: connectors.Warning, Path: "groups", Text: "there is no group", Hint: "fine if rules name none; else compare groups.ids with the groups' Object Ids"})
	}
	return append(f, good(fmt.Sprintf("%d groups with %d memberships", n.Groups, n.Members)))
}

func good(text string) connectors.Finding {
	return connectors.Finding{Level: connectors.Good, Text: text}
}
