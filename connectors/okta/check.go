package okta

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// Check asks for a token for each scope, so that the missing one can be named, and for a little of everything that a read needs.
func (s *source) Check(ctx context.Context) []connectors.Finding {
	f, ok := s.checkLogin(ctx)
	if !ok {
		return f
	}
	f = append(f, s.checkUsers(ctx)...)
	f = append(f, s.checkGroups(ctx)...)
	if s.settings.readsLog() {
		f = append(f, s.checkLog(ctx))
	} else {
		f = append(f, connectors.Finding{Level: connectors.Warning, Path: "system_log", Text: "who is deleted in Okta without having been deactivated for a while is noticed by full reads only",
			Hint: "remove increments: false and system_log: false, and grant okta.logs.read"})
	}
	return f
}

func (s *source) checkLogin(ctx context.Context) ([]connectors.Finding, bool) {
	l := s.client.login
	if s.settings.Login.Token != nil {
		return []connectors.Finding{{Level: connectors.Warning, Path: "login.token",
			Text: "an API token may do all that the account which made it may, and ends when it is not used for 30 days or that account is deactivated",
			Hint: "an API services app with a key may only read (docs/okta.md)"}}, true
	}
	var granted []string
	var f []connectors.Finding
	for _, scope := range s.settings.scopes() {
		_, err := l.exchange(ctx, []string{scope})
		if said := new(refusal); errors.As(err, &said) && said.Code == "invalid_scope" {
			f = append(f, scopeFinding(scope))
			continue
		}
		if err != nil {
			return []connectors.Finding{loginFinding(err)}, false
		}
		granted = append(granted, scope)
	}
	if len(f) > 0 {
		return f, false
	}
	bound := ""
	if l.bound() {
		bound = ", bound to a key of this process (DPoP)"
	}
	return []connectors.Finding{{Level: connectors.Good, Text: "okta gives a token for " + strings.Join(granted, ", ") + bound}}, true
}

// The log can be done without; nothing else can.
const (
	logsScope  = "okta.logs.read"
	withoutLog = "; or write system_log: false, and deletions are noticed by full reads only"
)

func scopeFinding(scope string) connectors.Finding {
	f := connectors.Finding{Path: "login", Text: "the app has not been granted the scope " + scope, Hint: grantScope(scope)}
	if scope == logsScope {
		f.Hint += withoutLog
	}
	return f
}

func loginFinding(err error) connectors.Finding {
	if errors.As(err, new(*refusal)) {
		return connectors.Tell(err, "login")
	}
	return connectors.Tell(err, "url")
}

func (l *login) bound() bool {
	l.proofs.Lock()
	defer l.proofs.Unlock()
	return l.key != nil
}

// problem says what an error of a list means for whoever gives rights in Okta.
func problem(what, scope, role string, err error) connectors.Finding {
	var said *apiError
	if !errors.As(err, &said) {
		return connectors.Tell(err, "url")
	}
	f := connectors.Tell(err, "login")
	switch {
	case said.Status == http.StatusForbidden && said.Scope != "":
		return scopeFinding(scope)
	case said.Status == http.StatusForbidden:
		f.Text = what + " may not be read: the account has no administrator role that lets it (" + said.Code + ")"
		f.Hint = "give the app, or the account of the token, " + role
	}
	return f
}

func (s *source) checkUsers(ctx context.Context) []connectors.Finding {
	var users []user
	expression, how := everyStatus(), "filter"
	if s.settings.People.Filter != "" {
		expression, how = "("+s.settings.People.Filter+") and "+expression, "search"
	}
	p, err := s.client.get(ctx, s.client.address(usersPath, url.Values{"limit": {usersAtOnce}, how: {expression}}), &users)
	if said := new(apiError); how == "filter" && errors.As(err, &said) && said.Status == http.StatusBadRequest { // as reading.live does
		p, err = s.client.get(ctx, s.client.address(usersPath, url.Values{"limit": {usersAtOnce}, "search": {expression}}), &users)
	}
	if err != nil {
		f := problem("users", "okta.users.read", "Read-Only Administrator, or a custom role with \"View users and their details\"", err)
		if said := new(apiError); how == "search" && errors.As(err, &said) && said.Status == http.StatusBadRequest {
			f.Path, f.Hint = "people.filter", "write it as in Okta's guide to its users API, for instance profile.userType eq \"Employee\""
		}
		return []connectors.Finding{f}
	}
	addressed, disabled := 0, 0
	var seen []string
	for i := range users {
		r := s.settings.record(&users[i], s.env.Attributes)
		if r.Email != "" {
			addressed++
		}
		if s.settings.meaning(users[i].Status).String() == "no" {
			disabled++
		}
		for _, a := range r.Attrs {
			seen = append(seen, a.Name)
		}
	}
	text := fmt.Sprintf("%s users are read, %d with an address, %d disabled", some(len(users), p), addressed, disabled)
	f := []connectors.Finding{{Level: connectors.Good, Text: text}}
	for _, name := range s.env.Attributes {
		if !slices.Contains(seen, name) && len(users) > 0 && (p.next == "" || len(users) >= enough) {
			f = append(f, connectors.Finding{Level: connectors.Warning, Path: "attributes", Text: fmt.Sprintf("none of the %d users that were looked at has the attribute %s", len(users), name),
				Hint: "write the attribute's variable name as the Profile Editor shows it; capitals count"})
		}
	}
	return append(f, s.checkQuota(p)...)
}

// enough users without an attribute are told of, though there are others whom nobody has looked at.
const enough = 100

// some says how many there are, as far as one page shows.
func some(n int, p *page) string {
	if p.next != "" {
		return fmt.Sprintf("%d and more", n)
	}
	return num(n)
}

func (s *source) checkQuota(p *page) []connectors.Finding {
	limit, left := p.resp.Header.Get("X-Rate-Limit-Limit"), p.resp.Header.Get("X-Rate-Limit-Remaining")
	if limit == "" {
		return nil
	}
	return []connectors.Finding{{Level: connectors.Good, Text: fmt.Sprintf("the org takes %s calls a minute for users, %s are left in this one; %d %% are left to others", limit, left, s.settings.LeaveToOthers)}}
}

func (s *source) checkGroups(ctx context.Context) []connectors.Finding {
	const role = "Read-Only Administrator, or a custom role with \"View groups and their details\""
	var groups []group
	query := url.Values{"limit": {groupsAtOnce}}
	if s.settings.Groups.Filter != "" {
		query.Set("search", s.settings.Groups.Filter)
	}
	p, err := s.client.get(ctx, s.client.address(groupsPath, query), &groups)
	if err != nil {
		f := problem("groups", "okta.groups.read", role, err)
		if said := new(apiError); errors.As(err, &said) && said.Status == http.StatusBadRequest {
			f.Path, f.Hint = "groups.filter", "write it as in Okta's guide to its groups API, for instance profile.name sw \"door-\""
		}
		return []connectors.Finding{f}
	}
	kept := slices.DeleteFunc(slices.Clone(groups), func(g group) bool { return !slices.Contains(s.settings.types(), g.Type) })
	f := connectors.Finding{Level: connectors.Good, Text: fmt.Sprintf("%s groups are there, of which %d are read", some(len(groups), p), len(kept))}
	if len(kept) == 0 {
		return []connectors.Finding{f}
	}
	var members []member
	if _, err := s.client.get(ctx, s.client.address(groupsPath+"/"+url.PathEscape(kept[0].ID)+"/users", url.Values{"limit": {"1"}}), &members); err != nil && !missing(err) {
		return []connectors.Finding{f, problem("members of groups", "okta.groups.read", role, err)}
	}
	return []connectors.Finding{f}
}

func (s *source) checkLog(ctx context.Context) connectors.Finding {
	var events []event
	now := s.env.Now().UTC()
	query := url.Values{"limit": {"1"}, "since": {now.Add(-time.Hour).Format(time.RFC3339)}, "until": {now.Format(time.RFC3339)}}
	if _, err := s.client.get(ctx, s.client.address(logsPath, query), &events); err != nil {
		f := problem("the system log", logsScope, "Read-Only Administrator or Report Administrator", err)
		if !strings.HasSuffix(f.Hint, withoutLog) {
			f.Hint += withoutLog
		}
		return f
	}
	return connectors.Finding{Level: connectors.Good, Text: "the system log says who was deleted"}
}
