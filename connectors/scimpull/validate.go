package scimpull

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/scim"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// Validate returns every problem of the settings at once.
func (s *Settings) Validate() []connectors.Finding {
	var f findings
	f.address("url", s.URL, "write url: https://idp.example.com/scim/v2, what stands before /Users")
	if u := strings.ToLower(s.base()); strings.HasSuffix(u, "/users") || strings.HasSuffix(u, "/groups") {
		f.add("url", "is the address of users or groups alone", "leave the last part away")
	}
	s.Login.validate(&f)
	if s.Address != fromEmails && s.Address != fromUserName {
		what := fmt.Sprintf("%q is no attribute that an address is taken from", s.Address)
		if s.Address == "" {
			what = "is missing"
		}
		f.add("address", what, "write emails, or userName where that is the address which people have in Kisi")
	}
	f.filter("user_filter", s.UserFilter, scim.UserType())
	f.filter("group_filter", s.GroupFilter, scim.GroupType())
	f.within("page_size", s.PageSize, 2, 10000)
	f.within("concurrency", s.Concurrency, 1, 20)
	for _, trouble := range s.Troubles() {
		f.add(trouble.Path, trouble.Text, trouble.Hint)
	}
	return f
}

// validate wants one of the three ways, and all of it.
func (l Login) validate(f *findings) {
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
		f.add("login", "is missing", hint)
	case ways > 1:
		f.add("login", "has more than one way to log in", "keep one of token, user and password, token_url with client_id and client_secret")
	case l.Token != nil:
		f.secret("login.token", l.Token)
	case basic:
		if l.User == "" || strings.Contains(l.User, ":") {
			f.add("login.user", "is missing, or holds a colon", "write the name of the account")
		}
		f.secret("login.password", l.Password)
	default:
		f.address("login.token_url", l.TokenURL, "write token_url: https://idp.example.com/oauth2/token")
		if l.ClientID == "" {
			f.add("login.client_id", "is missing", "write the client's ID")
		}
		f.secret("login.client_secret", l.ClientSecret)
	}
}

type findings []connectors.Finding

func (f *findings) add(path, text, hint string) {
	*f = append(*f, connectors.Finding{Path: path, Text: text, Hint: hint})
}

func (f *findings) address(path, text, hint string) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		f.add(path, "is missing", hint)
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		f.add(path, "is no address, or has a password or a query in it", hint)
	default:
		if _, err := webapi.New(webapi.Options{Origin: originOf(text)}); err != nil {
			f.add(path, "must begin with https://", hint)
		}
	}
}

func (f *findings) secret(path string, ref *secret.Ref) {
	const hint = "write {file: PATH} or {env: NAME}"
	if ref == nil {
		f.add(path, "is missing", hint)
	} else if err := ref.Validate(); err != nil {
		f.add(path, err.Error(), hint)
	}
}

func (f *findings) filter(path, text string, t *scim.Type) {
	if text == "" {
		return
	}
	filter, err := scim.ParseFilter(text)
	if err == nil {
		_, err = filter.Matcher(t)
	}
	if e := (*scim.Error)(nil); err != nil && asRefusal(err, &e) {
		f.add(path, "is no SCIM filter: "+e.Detail, `write it as RFC 7644 section 3.4.2.2 says: userType eq "Employee"`)
	}
}

func (f *findings) within(path string, value, least, most int) {
	if value < least || value > most {
		f.add(path, fmt.Sprintf("%d is not between %d and %d", value, least, most), "")
	}
}

// inOrder sorts remarks, so that the same read says the same.
func inOrder(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
