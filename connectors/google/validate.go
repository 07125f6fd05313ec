package google

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// Validate returns every problem of the settings at once.
func (s *Settings) Validate() []connectors.Finding {
	var f connectors.Findings
	s.validateLogin(&f)
	s.validateScope(&f)
	s.validateGroups(&f)
	if u, err := url.Parse(s.URL); s.URL != "" && (err != nil || !slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname()) || strings.Trim(u.Path, "/") != "") {
		f.Add("url", fmt.Sprintf("%q is not on this machine", s.URL), "remove it: Google is at "+origin)
	}
	f.Line(s.Line)
	return f.ByPath()
}

func (s *Settings) validateLogin(f *connectors.Findings) {
	l := s.Login
	ways := 0
	for key, ref := range map[string]secret.Ref{"key": l.Key, "workload": l.Workload, "app": l.App} {
		if ref.IsZero() {
			continue
		}
		ways++
		if err := ref.Validate(); err != nil {
			f.Add("login."+key, err.Error(), "write {file: PATH} or {env: NAME}")
		}
	}
	switch {
	case ways == 0:
		f.Add("login", "names nobody", "write login: {key: {file: google-key.json}, subject: ADMINISTRATOR}; docs/google.md says where the key comes from")
	case ways > 1:
		f.Add("login", "names more than one way in", "keep one of key, workload and app")
	case !l.App.IsZero() && l.Subject != "":
		f.Add("login.subject", "is of no use with app: whoever consents is who reads", "remove it")
	case l.App.IsZero() && l.Consent != "":
		f.Add("login.consent", "is of use with app only", "remove it")
	case l.App.IsZero() && l.Subject == "":
		f.Add("login.subject", "is missing", "write the address of an administrator; a service account may read no directory in its own name")
	}
	if l.Subject != "" && email.Problem(l.Subject) != "" {
		f.Add("login.subject", fmt.Sprintf("%q is not an e-mail address", l.Subject), "write the address of an administrator")
	}
}

func (s *Settings) validateScope(f *connectors.Findings) {
	if s.Customer != "" && s.Domain != "" {
		f.Add("domain", "stands beside customer", "keep one of the two")
	}
	if s.Customer != "" && !strings.HasPrefix(s.Customer, "C") {
		f.Add("customer", fmt.Sprintf("%q is not the id of an account", s.Customer), "write it as Account settings of the Admin console shows it (C01abc2de), or remove it")
	}
	if strings.ContainsAny(s.Domain, "@/ ") {
		f.Add("domain", fmt.Sprintf("%q is not a domain", s.Domain), "write domain: example.com")
	}
	for i, unit := range s.People.Units {
		path := fmt.Sprintf("people.units[%d]", i)
		if !strings.HasPrefix(unit, "/") || len(unit) > 1 && strings.HasSuffix(unit, "/") {
			f.Add(path, fmt.Sprintf("%q is not the path of an organizational unit", unit), "write it from the top: /Staff/Berlin")
		}
		for j, other := range s.People.Units {
			if i != j && (within(unit, other) && unit != other || unit == other && j < i) {
				f.Add(path, fmt.Sprintf("%s is read with %s", unit, other), "remove one of the two")
			}
		}
	}
	if strings.Contains(s.People.Filter, "orgUnitPath") && len(s.People.Units) > 0 {
		f.Add("people.filter", "asks for an organizational unit beside units", "keep one of the two")
	}
}

// within says whether a unit is another or below it.
func within(unit, other string) bool {
	return unit == other || strings.HasPrefix(unit, strings.TrimSuffix(other, "/")+"/")
}

func (s *Settings) validateGroups(f *connectors.Findings) {
	words(f, "groups.kinds", s.Groups.Kinds, ofGroups, ofUnits)
	words(f, "groups.roles", s.Groups.Roles, "owner", "manager", "member")
	if !s.reads(ofGroups) && s.Groups.Filter != "" {
		f.Add("groups.filter", "is of use with kind groups only", "remove it, or add groups to kinds")
	}
	if !s.reads(ofGroups) && len(s.Groups.Roles) > 0 {
		f.Add("groups.roles", "is of use with kind groups only", "remove it, or add groups to kinds")
	}
}

func words(f *connectors.Findings, path string, all []string, known ...string) {
	for i, word := range all {
		if !slices.Contains(known, word) {
			f.Add(fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%q is none that we know", word), "write one of "+strings.Join(known, ", "))
		} else if slices.Contains(all[:i], word) {
			f.Add(fmt.Sprintf("%s[%d]", path, i), "stands there twice", "remove one")
		}
	}
}
