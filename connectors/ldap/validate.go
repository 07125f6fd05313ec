package ldap

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/dn"
)

// Validate returns every problem of the settings at once.
func (s *Settings) Validate() []connectors.Finding {
	var f connectors.Findings
	if len(s.Domains) > 0 {
		s.validateForest(&f)
	} else {
		s.validateServers(&f)
	}
	if !s.eachHasLogin() {
		s.validateLogin(&f)
	}
	if s.Preset == "" {
		f.Add("preset", "is missing", "write one of "+strings.Join(presetNames(), ", "))
	} else if _, ok := preset(s.Preset); !ok {
		f.Add("preset", fmt.Sprintf("%q is none that we know", s.Preset), "write one of "+strings.Join(presetNames(), ", "))
	}
	serverName(&f, "tls.server_name", s.TLS.ServerName)
	s.validateBases(&f)
	filter(&f, "people.filter", s.People.Filter)
	filter(&f, "groups.filter", s.Groups.Filter)
	scope(&f, "people.scope", s.People.Scope)
	scope(&f, "groups.scope", s.Groups.Scope)
	if d := s.People.Disabled; (d.Attribute == "") != (len(d.Values) == 0) {
		f.Add("people.disabled", "needs both an attribute and its values", "write {attribute: employeeType, values: [left]}")
	}
	if s.PageSize < 1 || s.PageSize > 10_000 {
		f.Add("page_size", fmt.Sprintf("%d is not between 1 and 10000", s.PageSize), "remove it: 500 suits every server")
	}
	if s.Timeout < time.Second || s.Timeout > time.Hour {
		f.Add("timeout", fmt.Sprintf("%v is not between 1s and 1h", s.Timeout), "remove it: 30s is the default")
	}
	slices.SortStableFunc(f, func(a, b connectors.Finding) int { return strings.Compare(a.Path, b.Path) })
	return f
}

func (s *Settings) validateServers(f *connectors.Findings) {
	s.validateDomain(f)
	switch {
	case s.Domain != "":
		return
	case s.URL == "" && len(s.URLs) == 0:
		f.Add("url", "is missing", "write url: ldaps://ldap.example.com, or domain: example.com for the servers that DNS names")
	case s.URL != "" && len(s.URLs) > 0:
		f.Add("urls", "stands beside url", "keep one of the two")
	case s.URL != "":
		s.validateURL(f, "url", s.URL)
	}
	for i, u := range s.URLs {
		path := fmt.Sprintf("urls[%d]", i)
		s.validateURL(f, path, u)
		if slices.Contains(s.URLs[:i], u) {
			f.Add(path, "names the same server twice", "remove one")
		}
	}
	protected := !slices.ContainsFunc(s.servers(), func(u string) bool { return strings.HasPrefix(strings.ToLower(u), "ldap:") })
	if s.TLS.Plaintext && protected {
		f.Add("tls.anyone_on_the_network_may_read_passwords_and_change_answers", "has no effect on ldaps", "remove it")
	}
}

// eachHasLogin says that the source's own account is used for none of its domains.
func (s *Settings) eachHasLogin() bool {
	return len(s.Domains) > 0 && !slices.ContainsFunc(s.Domains, func(d ForestDomain) bool { return d.Login == nil })
}

// validateForest looks at each domain as if it were a source of its own.
func (s *Settings) validateForest(f *connectors.Findings) {
	for path, is := range map[string]bool{"url": s.URL != "", "urls": len(s.URLs) > 0, "domain": s.Domain != "", "site": s.Site != "", "base": s.Base != "",
		"people.base": s.People.Base != "", "groups.base": s.Groups.Base != ""} {
		if is {
			f.Add(path, "stands beside domains", "write it within each of them, or keep one of the two")
		}
	}
	if s.Preset != "active_directory" {
		f.Add("domains", "are for Active Directory", "make a source of each directory")
	}
	for i, d := range s.Domains {
		var own connectors.Findings
		one := d.of(s)
		one.People.Base, one.Groups.Base, one.TLS = "", "", TLS{}
		one.validateServers(&own)
		one.validateBases(&own)
		serverName(&own, "tls.server_name", d.TLS.ServerName)
		if d.Login != nil {
			one.validateLogin(&own)
		}
		for _, finding := range own {
			finding.Path = strings.TrimSuffix(fmt.Sprintf("domains[%d].%s", i, finding.Path), ".")
			*f = append(*f, finding)
		}
		same := func(o ForestDomain) bool { return within(o.Base, d.Base) && within(d.Base, o.Base) }
		if d.Base != "" && slices.ContainsFunc(s.Domains[:i], same) {
			f.Add(fmt.Sprintf("domains[%d].base", i), "is there twice", "remove one")
		}
	}
}

// validateDomain looks at servers that DNS names.
func (s *Settings) validateDomain(f *connectors.Findings) {
	label := func(text string) bool {
		return text != "" && len(text) <= 63 && strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	}
	switch labels := strings.Split(strings.TrimSuffix(s.Domain, "."), "."); {
	case s.Domain == "" && s.Site != "":
		f.Add("site", "stands without a domain", "write domain: corp.example.com, or remove it")
	case s.Domain == "":
	case len(labels) < 2 || slices.ContainsFunc(labels, func(l string) bool { return !label(l) }):
		f.Add("domain", fmt.Sprintf("%q is no domain of DNS", s.Domain), "write it like corp.example.com")
	case len(s.URLs) > 0:
		f.Add("urls", "stands beside domain", "keep one of the two")
	case !slices.Contains([]string{"", "ldap://", "ldaps://"}, strings.ToLower(s.URL)):
		f.Add("url", "stands beside domain", "write ldaps:// alone, or keep one of the two")
	case s.Site != "" && !label(s.Site):
		f.Add("site", fmt.Sprintf("%q is no name of a site", s.Site), "write it like Berlin, as Active Directory Sites and Services shows it")
	case s.TLS.Plaintext && strings.ToLower(s.URL) != "ldap://":
		f.Add("tls.anyone_on_the_network_may_read_passwords_and_change_answers", "has no effect on ldaps", "remove it")
	}
}

func (s *Settings) validateURL(f *connectors.Findings, path, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		f.Add(path, fmt.Sprintf("%q is not the address of a server", text), "write ldaps://ldap.example.com, with :port if it is not 636")
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		f.Add(path, fmt.Sprintf("the scheme %q is not spoken here", u.Scheme), "write ldaps://, or ldap:// for StartTLS")
	case u.User != nil:
		f.Add(path, "carries an account", "put it under login")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		f.Add(path, "carries more than a host and a port", "put the rest under base and filter")
	}
}

func (s *Settings) validateLogin(f *connectors.Findings) {
	l := s.Login
	switch {
	case l.Anonymous && (l.User != "" || !l.Password.IsZero() || l.Kerberos != nil):
		f.Add("login.anonymous", "stands beside an account", "keep one of the two")
	case l.Anonymous:
	case l.Kerberos != nil:
		s.validateKerberos(f)
	case l.User == "" && l.Password.IsZero():
		f.Add("login", "is missing", "write login: {user: DN, password: {file: PATH}}, or login: {anonymous: true}")
	case l.User == "":
		f.Add("login.user", "is missing", "write the distinguished name of the account that reads")
	default:
		// A bind with a name and no password succeeds as nobody (RFC 4513 section 5.1.2): we would see half a directory.
		if err := l.Password.Validate(); err != nil {
			f.Add("login.password", err.Error(), "write {file: PATH} or {env: NAME}")
		}
	}
}

func (s *Settings) validateKerberos(f *connectors.Findings) {
	l := s.Login
	name, realm := l.account()
	odd := func(text string) bool { return strings.ContainsAny(text, " \t\r\n{}[]=#/") }
	switch {
	case name == "" || odd(name) || strings.Contains(name, "\\"):
		f.Add("login.user", "is no account of a realm", "write the login name, kisi-sync, or kisi-sync@CORP.EXAMPLE.COM")
	case realm == "" || odd(realm):
		f.Add("login.kerberos.realm", "is missing, or no realm", "write it like CORP.EXAMPLE.COM")
	}
	if slices.ContainsFunc(l.Kerberos.KDCs, func(h string) bool { return h == "" || odd(h) }) {
		f.Add("login.kerberos.kdcs", "holds something that is no host", "write [dc1.corp.example.com], with :port if it is not 88")
	}
	key := l.Kerberos.Keytab
	switch {
	case !key.IsZero() && !l.Password.IsZero():
		f.Add("login.kerberos.keytab", "stands beside a password", "keep one of the two")
	case key.Env != "":
		f.Add("login.kerberos.keytab", "is no text that fits an environment variable", "write {file: PATH}")
	case !key.IsZero():
	default:
		if err := l.Password.Validate(); err != nil {
			f.Add("login.password", err.Error(), "write {file: PATH} or {env: NAME}, or a keytab under login.kerberos")
		}
	}
}

func (s *Settings) validateBases(f *connectors.Findings) {
	if len(s.Domains) == 0 && s.Base == "" && (s.People.Base == "" || s.Groups.Base == "") {
		f.Add("base", "is missing", "write base: dc=example,dc=com")
	}
	for path, name := range map[string]string{"base": s.Base, "people.base": s.People.Base, "groups.base": s.Groups.Base} {
		if _, err := dn.Canonical(name); err != nil {
			f.Add(path, err.Error(), "write it like ou=people,dc=example,dc=com")
		}
	}
}

// serverName looks at the name in a certificate: a host or an address, without a port.
func serverName(f *connectors.Findings, path, name string) {
	if strings.ContainsAny(name, "/ \t,@[]") || strings.Contains(name, ":") && net.ParseIP(name) == nil {
		f.Add(path, fmt.Sprintf("%q is no name that a certificate has", name), "write it like dc1.corp.example.com, without ldaps:// and port, or remove it: the host of the URL is held against the certificate")
	}
}

func filter(f *connectors.Findings, path, text string) {
	if text == "" {
		return
	}
	if _, err := ldap.CompileFilter(text); err != nil {
		f.Add(path, fmt.Sprintf("%q is no LDAP filter: %v", text, err), "write it like (&(objectClass=inetOrgPerson)(mail=*))")
	}
}

func scope(f *connectors.Findings, path, word string) {
	if !slices.Contains([]string{"", "sub", "one", "base"}, word) {
		f.Add(path, fmt.Sprintf("%q is no scope", word), "write sub, one or base")
	}
}
