package scimpull

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// Validate returns every problem of the settings at once.
func (s *Settings) Validate() []connectors.Finding {
	var f connectors.Findings
	address(&f, "url", s.URL, "write url: https://idp.example.com/scim/v2, what stands before /Users")
	if u := strings.ToLower(s.base()); strings.HasSuffix(u, "/users") || strings.HasSuffix(u, "/groups") {
		f.Add("url", "is the address of users or groups alone", "leave the last part away")
	}
	s.Login.validate(&f)
	if s.People.Email != fromEmails && s.People.Email != fromUserName {
		what := fmt.Sprintf("%q is no attribute that an address is taken from", s.People.Email)
		if s.People.Email == "" {
			what = "is missing"
		}
		f.Add("people.email", what, "write emails, or userName where that is the address which people have in Kisi")
	}
	filter(&f, "people.filter", s.People.Filter, scim.UserType())
	filter(&f, "groups.filter", s.Groups.Filter, scim.GroupType())
	f.Within("page_size", s.PageSize, 2, 10000)
	f.Within("concurrency", s.Concurrency, 1, 20)
	f.Line(s.Line)
	return f
}

// validate wants one of the three ways, and all of it.
func (l Login) validate(f *connectors.Findings) {
	basic := l.User != "" || l.Password != nil
	oauth := l.TokenURL != "" || l.ClientID != "" || l.ClientSecret != nil || l.Scope != ""
	ways := 0
	for _, one := range []bool{l.Token != nil, basic, oauth} {
		if one {
			ways++
		}
	}
	const hint = "write login: {token: {file: PATH}}, or {user: NAME, password: {file: PATH}}, or {token_url: URL, client_id: ID, client_secret: {file: PATH}}"
	switch {
	case ways == 0:
		f.Add("login", "is missing", hint)
	case ways > 1:
		f.Add("login", "has more than one way to log in", "keep one of token, user and password, token_url with client_id and client_secret")
	case l.Token != nil:
		f.Secret("login.token", l.Token)
	case basic:
		if l.User == "" || strings.Contains(l.User, ":") {
			f.Add("login.user", "is missing, or holds a colon", "write the name of the account")
		}
		f.Secret("login.password", l.Password)
	default:
		address(f, "login.token_url", l.TokenURL, "write token_url: https://idp.example.com/oauth2/token")
		if l.ClientID == "" {
			f.Add("login.client_id", "is missing", "write the client's ID")
		}
		f.Secret("login.client_secret", l.ClientSecret)
	}
}

func address(f *connectors.Findings, path, text, hint string) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		f.Add(path, "is missing", hint)
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		f.Add(path, "is no address, or has a password or a query in it", hint)
	default:
		if _, err := webapi.New(webapi.Options{Origin: originOf(text)}); err != nil {
			f.Add(path, "must begin with https://", hint)
		}
	}
}

func filter(f *connectors.Findings, path, text string, t *scim.Type) {
	if text == "" {
		return
	}
	filter, err := scim.ParseFilter(text)
	if err == nil {
		_, err = filter.Matcher(t)
	}
	if e := (*scim.Error)(nil); err != nil && asRefusal(err, &e) {
		f.Add(path, "is no SCIM filter: "+e.Detail, `write it as RFC 7644 section 3.4.2.2 says: userType eq "Employee"`)
	}
}

// inOrder sorts remarks, so that the same read says the same.
func inOrder(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
