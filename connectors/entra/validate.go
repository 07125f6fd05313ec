package entra

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
)

type findings []connectors.Finding

func (f *findings) add(path, text, hint string) {
	*f = append(*f, connectors.Finding{Path: path, Text: text, Hint: hint})
}

// Validate returns every problem of the settings at once.
func (s *Settings) Validate() []connectors.Finding {
	var f findings
	s.validateNames(&f)
	s.validateLogin(&f)
	s.validatePlaces(&f)
	s.validatePeople(&f)
	s.validateGroups(&f)
	for _, t := range s.Troubles() {
		f.add(t.Path, t.Text, t.Hint)
	}
	slices.SortStableFunc(f, func(a, b connectors.Finding) int { return strings.Compare(a.Path, b.Path) })
	return f
}

// guid matches an object ID as Entra writes them, tenants an ID or a domain.
func isGUID(text string) bool {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(text)
}

func isDomain(text string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`).MatchString(text)
}

func (s *Settings) validateNames(f *findings) {
	const where = "it stands on the application's overview page in the Entra admin center"
	managed := s.Login.ManagedIdentity
	switch {
	case s.Tenant == "" && !managed:
		f.add("tenant", "is missing", "write the Directory (tenant) ID; "+where)
	case s.Tenant != "" && !isGUID(s.Tenant) && !isDomain(s.Tenant):
		f.add("tenant", fmt.Sprintf("%q is neither an ID nor a domain", s.Tenant), "write the Directory (tenant) ID; "+where)
	}
	switch {
	case s.ClientID == "" && !managed:
		f.add("client_id", "is missing", "write the Application (client) ID; "+where)
	case s.ClientID != "" && !isGUID(s.ClientID):
		f.add("client_id", fmt.Sprintf("%q is no ID", s.ClientID), "write the Application (client) ID; "+where)
	}
}

// validateLogin sees to it that there is exactly one way to log in.
func (s *Settings) validateLogin(f *findings) {
	l := &s.Login
	var ways []string
	for _, way := range []struct {
		name string
		set  bool
	}{
		{"secret", !l.Secret.IsZero()}, {"certificate", l.Certificate != "" || !l.Key.IsZero()},
		{"federated_token", !l.FederatedToken.IsZero()}, {"managed_identity", l.ManagedIdentity},
	} {
		if way.set {
			ways = append(ways, way.name)
		}
	}
	switch {
	case len(ways) == 0:
		f.add("login", "is missing", "write login: {certificate: entra.pem, key: {file: entra-key}}, or {secret: {file: entra-secret}}, or {managed_identity: true}")
	case len(ways) > 1:
		f.add("login", "has "+strings.Join(ways, " and "), "keep one of them")
	case ways[0] == "certificate" && l.Certificate == "":
		f.add("login.certificate", "is missing beside key", "name the PEM file of the certificate that is registered with the application")
	case ways[0] == "certificate" && l.Key.IsZero():
		f.add("login.key", "is missing beside certificate", "write key: {file: entra-key}; if both are in one file, name it twice")
	}
	if e := l.Endpoint; e != "" && !l.ManagedIdentity {
		f.add("login.identity_endpoint", "is of no use without managed_identity", "write managed_identity: true, or remove it")
	} else if err := identityOrigin(e); e != "" && err != nil {
		f.add("login.identity_endpoint", err.Error(), "remove it: Azure says where it is")
	}
}

func (s *Settings) validatePlaces(f *findings) {
	if _, known := clouds()[s.Cloud]; !known {
		f.add("cloud", fmt.Sprintf("%q is none that we know", s.Cloud), "write global, usgov, usgov_dod or china")
	}
	var at *located
	if _, err := s.origins(); errors.As(err, &at) {
		f.add(at.path, at.err.Error(), "write only the beginning, as https://graph.microsoft.com")
	}
}

func (s *Settings) validatePeople(f *findings) {
	if len(s.People.Email) == 0 {
		f.add("people.email", "is empty", "write email: [mail], or [user_principal_name]")
	}
	for i, from := range s.People.Email {
		if !slices.Contains([]string{byMail, byUPN, byOther}, from) {
			f.add(fmt.Sprintf("people.email[%d]", i), fmt.Sprintf("%q is none that we know", from), "write mail, user_principal_name or other_mails")
		}
	}
	if g := s.People.Guests; g != withGuests && g != sansGuests {
		f.add("people.guests", fmt.Sprintf("%q is none that we know", g), "write exclude or include")
	}
}

func (s *Settings) validateGroups(f *findings) {
	if n := len(s.Groups.IDs); n > maxGroupIDs {
		f.add("groups.ids", fmt.Sprintf("names %d groups, and Graph takes %d", n, maxGroupIDs), "remove it, and all groups are read")
	}
	for i, id := range s.Groups.IDs {
		if !isGUID(id) {
			f.add(fmt.Sprintf("groups.ids[%d]", i), fmt.Sprintf("%q is no object ID", id), "copy the group's Object Id from its overview page")
		}
	}
}

// located is an error with the setting to look at.
type located struct {
	path string
	err  error
}

func (l *located) Error() string { return l.path + ": " + l.err.Error() }
func (l *located) Unwrap() error { return l.err }

// origin refuses what is not the beginning of a protected URL. Plain http is for this machine alone.
func origin(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q is no URL of a server", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return fmt.Errorf("%q has more than a server in it", text)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("%q is not protected", text)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// identityOrigin refuses an address for tokens of managed identities that could be anybody's: they are given out on the machine itself or on the
// link to its host, never over a network.
func identityOrigin(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is no URL", text)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && !loopback(u.Hostname()) && (ip == nil || !ip.IsLinkLocalUnicast()) {
		return fmt.Errorf("%q is neither of this machine nor of its host", text)
	}
	return nil
}
