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

// Validate returns every problem of the settings at once.
func (s *Settings) Validate() []connectors.Finding {
	var f connectors.Findings
	s.validateNames(&f)
	s.validateLogin(&f)
	s.validatePlaces(&f)
	s.validatePeople(&f)
	s.validateGroups(&f)
	f.Line(s.Line)
	return f.ByPath()
}

// guid matches an object ID as Entra writes them, tenants an ID or a domain.
func isGUID(text string) bool {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(text)
}

func isDomain(text string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`).MatchString(text)
}

func (s *Settings) validateNames(f *connectors.Findings) {
	const where = "it stands on the application's overview page in the Entra admin center"
	managed := s.Login.ManagedIdentity
	switch {
	case s.Tenant == "" && !managed:
		f.Add("tenant", "is missing", "write the Directory (tenant) ID; "+where)
	case s.Tenant != "" && !isGUID(s.Tenant) && !isDomain(s.Tenant):
		f.Add("tenant", fmt.Sprintf("%q is neither an ID nor a domain", s.Tenant), "write the Directory (tenant) ID; "+where)
	}
	switch {
	case s.Login.ClientID == "" && !managed && s.Login != (Login{}): // a login that is missing as a whole is told once
		f.Add("login.client_id", "is missing", "write the Application (client) ID; "+where)
	case s.Login.ClientID != "" && !isGUID(s.Login.ClientID):
		f.Add("login.client_id", fmt.Sprintf("%q is no ID", s.Login.ClientID), "write the Application (client) ID; "+where)
	}
}

// validateLogin sees to it that there is exactly one way to log in.
func (s *Settings) validateLogin(f *connectors.Findings) {
	l := &s.Login
	var ways []string
	for _, way := range []struct {
		name string
		set  bool
	}{
		{"client_secret", !l.ClientSecret.IsZero()}, {"certificate", l.Certificate != "" || !l.Key.IsZero()},
		{"federated_token", !l.FederatedToken.IsZero()}, {"managed_identity", l.ManagedIdentity},
	} {
		if way.set {
			ways = append(ways, way.name)
		}
	}
	switch {
	case len(ways) == 0:
		f.Add("login", "is missing", "write login: {client_id: ID, certificate: entra.pem, key: {file: entra-key}}, or {client_id: ID, client_secret: {file: entra-secret}}, or {managed_identity: true}")
	case len(ways) > 1:
		f.Add("login", "has "+strings.Join(ways, " and "), "keep one of them")
	case ways[0] == "certificate" && l.Certificate == "":
		f.Add("login.certificate", "is missing beside key", "name the PEM file of the certificate that is registered with the application")
	case ways[0] == "certificate" && l.Key.IsZero():
		f.Add("login.key", "is missing beside certificate", "write key: {file: entra-key}; if both are in one file, name it twice")
	}
	if e := l.Endpoint; e != "" && !l.ManagedIdentity {
		f.Add("login.identity_endpoint", "is of no use without managed_identity", "write managed_identity: true, or remove it")
	} else if err := identityOrigin(e); e != "" && err != nil {
		f.Add("login.identity_endpoint", err.Error(), "remove it: Azure says where it is")
	}
}

func (s *Settings) validatePlaces(f *connectors.Findings) {
	if _, known := clouds()[s.Cloud]; !known {
		f.Add("cloud", fmt.Sprintf("%q is none that we know", s.Cloud), "write global, usgov, usgov_dod or china")
	}
	var at *connectors.SettingError
	if _, err := s.origins(); errors.As(err, &at) {
		f.Add(at.Path, at.Err.Error(), "write only the beginning, as https://graph.microsoft.com")
	}
}

func (s *Settings) validatePeople(f *connectors.Findings) {
	if len(s.People.Email) == 0 {
		f.Add("people.email", "is empty", "write email: [mail], or [user_principal_name]")
	}
	for i, from := range s.People.Email {
		if !slices.Contains([]string{byMail, byUPN, byOther}, from) {
			f.Add(fmt.Sprintf("people.email[%d]", i), fmt.Sprintf("%q is none that we know", from), "write mail, user_principal_name or other_mails")
		}
	}
	if g := s.People.Guests; g != withGuests && g != sansGuests {
		f.Add("people.guests", fmt.Sprintf("%q is none that we know", g), "write exclude or include")
	}
}

func (s *Settings) validateGroups(f *connectors.Findings) {
	if n := len(s.Groups.IDs); n > maxGroupIDs {
		f.Add("groups.ids", fmt.Sprintf("names %d groups, and Graph takes %d", n, maxGroupIDs), "remove it, and all groups are read")
	}
	for i, id := range s.Groups.IDs {
		if !isGUID(id) {
			f.Add(fmt.Sprintf("groups.ids[%d]", i), fmt.Sprintf("%q is no object ID", id), "copy the group's Object Id from its overview page")
		}
	}
}

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
