package ldap

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// complete is the least that an administrator writes.
func complete() *Settings {
	s := New().(*Settings)
	s.URL, s.Preset, s.Base = "ldaps://ldap.example.com", "openldap", "dc=example,dc=com"
	s.Login = Login{User: "cn=reader,dc=example,dc=com", Password: secret.Ref{File: "password"}}
	return s
}

func TestLittleNeedsToBeWritten(t *testing.T) {
	if f := complete().Validate(); len(f) > 0 {
		t.Errorf("%+v", f)
	}
}

func TestEachProblemOfTheSettingsIsTold(t *testing.T) {
	const plaintext = "tls.anyone_on_the_network_may_read_passwords_and_change_answers"
	for name, c := range map[string]struct {
		change func(*Settings)
		want   []string // paths
	}{
		"nothing at all":               {func(s *Settings) { *s = *New().(*Settings) }, []string{"base", "login", "preset", "url"}},
		"zero settings":                {func(s *Settings) { *s = Settings{} }, []string{"base", "login", "page_size", "preset", "timeout", "url"}},
		"url and urls":                 {func(s *Settings) { s.URLs = []string{"ldaps://b"} }, []string{"urls"}},
		"a server twice":               {func(s *Settings) { s.URL, s.URLs = "", []string{"ldaps://a", "ldaps://b", "ldaps://a"} }, []string{"urls[2]"}},
		"another scheme":               {func(s *Settings) { s.URL = "https://ldap.example.com" }, []string{"url"}},
		"no scheme":                    {func(s *Settings) { s.URL = "ldap.example.com" }, []string{"url"}},
		"no host":                      {func(s *Settings) { s.URL = "ldaps://:636" }, []string{"url"}},
		"an account in the url":        {func(s *Settings) { s.URL = "ldaps://a:b@ldap.example.com" }, []string{"url"}},
		"a base in the url":            {func(s *Settings) { s.URL = "ldaps://ldap.example.com/dc=example" }, []string{"url"}},
		"no protection of what has it": {func(s *Settings) { s.TLS.Plaintext = true }, []string{plaintext}},
		"domains beside a server": {func(s *Settings) {
			s.Preset, s.Domains = "active_directory", []ForestDomain{{Base: "DC=a", URL: "ldaps://a"}}
		}, []string{"base", "url"}},
		"domains of another kind": {func(s *Settings) {
			s.URL, s.Base, s.Domains = "", "", []ForestDomain{{Base: "DC=a", URL: "ldaps://a"}}
		}, []string{"domains"}},
		"domains with their own problems": {func(s *Settings) {
			s.URL, s.Base, s.Preset = "", "", "active_directory"
			s.Domains = []ForestDomain{{Base: "DC=a"}, {Base: "dc=A", URL: "ldaps://a"}, {URL: "http://b", Login: &Login{}}}
		}, []string{"domains[0].url", "domains[1].base", "domains[2].base", "domains[2].login", "domains[2].url"}},
		"names that no certificate has": {func(s *Settings) {
			s.URL, s.Base, s.Preset, s.TLS.ServerName = "", "", "active_directory", "ldaps://dc1"
			s.Domains = []ForestDomain{{Base: "DC=a", URL: "ldaps://a", TLS: DomainTLS{ServerName: "dc1.a.test:636"}}, {Base: "DC=b", URL: "ldaps://b", TLS: DomainTLS{ServerName: "::1"}}}
		}, []string{"domains[0].tls.server_name", "tls.server_name"}},
		"domain beside a server":      {func(s *Settings) { s.Domain = "example.com" }, []string{"url"}},
		"domain beside servers":       {func(s *Settings) { s.URL, s.URLs, s.Domain = "", []string{"ldaps://a"}, "example.com" }, []string{"urls"}},
		"a domain that is none":       {func(s *Settings) { s.URL, s.Domain = "", "ldaps://example.com" }, []string{"domain"}},
		"a domain of one word":        {func(s *Settings) { s.URL, s.Domain = "", "corp" }, []string{"domain"}},
		"a site that is none":         {func(s *Settings) { s.URL, s.Domain, s.Site = "", "example.com", "Berlin Mitte" }, []string{"site"}},
		"a site of no domain":         {func(s *Settings) { s.Site = "Berlin" }, []string{"site"}},
		"plaintext for ldaps by DNS":  {func(s *Settings) { s.URL, s.Domain, s.TLS.Plaintext = "", "example.com", true }, []string{plaintext}},
		"unknown preset":              {func(s *Settings) { s.Preset = "novell" }, []string{"preset"}},
		"login without password":      {func(s *Settings) { s.Login.Password = secret.Ref{} }, []string{"login.password"}},
		"login without user":          {func(s *Settings) { s.Login.User = "" }, []string{"login.user"}},
		"anonymous beside an account": {func(s *Settings) { s.Login.Anonymous = true }, []string{"login.anonymous"}},
		"a ticket for nobody":         {func(s *Settings) { s.Login = Login{Kerberos: &Kerberos{}} }, []string{"login.password", "login.user"}},
		"a ticket of no realm":        {func(s *Settings) { s.Login.User, s.Login.Kerberos = "reader", &Kerberos{} }, []string{"login.kerberos.realm"}},
		"a realm that is none":        {func(s *Settings) { s.Login.User, s.Login.Kerberos = "reader", &Kerberos{Realm: "A = {"} }, []string{"login.kerberos.realm"}},
		"a host that is none":         {func(s *Settings) { s.Login.User, s.Login.Kerberos = "r@X.TEST", &Kerberos{KDCs: []string{"a b"}} }, []string{"login.kerberos.kdcs"}},
		"a keytab beside a password": {func(s *Settings) {
			s.Login.User, s.Login.Kerberos = "r@X.TEST", &Kerberos{Keytab: secret.Ref{File: "k"}}
		}, []string{"login.kerberos.keytab"}},
		"a keytab in the environment": {func(s *Settings) {
			s.Login = Login{User: "r@X.TEST", Kerberos: &Kerberos{Keytab: secret.Ref{Env: "KEYTAB"}}}
		}, []string{"login.kerberos.keytab"}},
		"a ticket for anybody":        {func(s *Settings) { s.Login = Login{Anonymous: true, Kerberos: &Kerberos{}} }, []string{"login.anonymous"}},
		"bases that are no names":     {func(s *Settings) { s.Base, s.People.Base = "example.com", "ou" }, []string{"base", "people.base"}},
		"filters that are none":       {func(s *Settings) { s.People.Filter, s.Groups.Filter = "(cn=", "cn=x)" }, []string{"groups.filter", "people.filter"}},
		"scopes that are none":        {func(s *Settings) { s.People.Scope, s.Groups.Scope = "subtree", "all" }, []string{"groups.scope", "people.scope"}},
		"half a mark of the disabled": {func(s *Settings) { s.People.Disabled.Attribute = "employeeType" }, []string{"people.disabled"}},
		"numbers out of range":        {func(s *Settings) { s.PageSize, s.Timeout = 0, time.Millisecond }, []string{"page_size", "timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := complete()
			c.change(s)
			var got []string
			for _, f := range s.Validate() {
				got = append(got, f.Path)
				if f.Text == "" || f.Hint == "" && f.Path != "login.password" {
					t.Errorf("%s: %q, hint %q", f.Path, f.Text, f.Hint)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("paths (-want +got):\n%s", d)
			}
			if _, err := s.Open(connectors.Env{}); !errors.As(err, new(*connectors.Invalid)) {
				t.Errorf("and yet Open says %v", err)
			}
		})
	}
}

func TestAnonymousReadingMustBeSaid(t *testing.T) {
	s := complete()
	s.Login = Login{Anonymous: true}
	if f := s.Validate(); len(f) > 0 {
		t.Errorf("%+v", f)
	}
}

func TestEveryPresetIsWhole(t *testing.T) {
	for _, name := range presetNames() {
		s := complete()
		s.Preset = name
		if f := s.Validate(); len(f) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
		l, ok := s.layout()
		if !ok || l.people.base != s.Base || l.people.id.attribute == "" || l.groups.id.attribute == "" || len(l.disabled) == 0 || len(l.members) == 0 {
			t.Errorf("%s: %+v", name, l)
		}
		s.People.Filter, s.Groups.Filter = l.people.filter, l.groups.filter
		if f := s.Validate(); len(f) > 0 {
			t.Errorf("%s: its own filters: %+v", name, f)
		}
	}
}

func TestTheFileLaysItsWordsOverThePreset(t *testing.T) {
	s := complete()
	s.People = People{Base: "ou=p,dc=example,dc=com", Scope: "one", Filter: "(uid=*)", ID: "employeeNumber", Email: "mailbox", Name: "gecos", Login: "cn",
		Disabled: Disabled{"employeeType", []string{"LEFT"}}}
	s.Groups = Groups{Base: "ou=g,dc=example,dc=com", Scope: "base", Filter: "(cn=*)", ID: "cn", Name: "description", Members: []string{"owner"}}
	l, _ := s.layout()
	got := []any{l.people.base, l.people.scope, l.people.filter, l.people.id.attribute, l.people.names, l.email, l.login,
		l.groups.base, l.groups.scope, l.groups.filter, l.groups.id.attribute, l.groups.names, l.members, l.increments}
	want := []any{"ou=p,dc=example,dc=com", 1, "(uid=*)", "employeeNumber", []string{"gecos"}, "mailbox", "cn",
		"ou=g,dc=example,dc=com", 0, "(cn=*)", "cn", []string{"description"}, []string{"owner"}, false}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(l.disabled) != 2 || !l.disabled[1].fits([]byte("left")) {
		t.Errorf("disabled: %+v", l.disabled)
	}
}
