package google

import (
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// Tokens and lists go the same way: through an authority of the company's own if there is one (a proxy that looks into TLS), and nowhere
// without it.
func TestACompanysOwnAuthorityIsTrustedWhenTheFileNamesIt(t *testing.T) {
	w := newWorkspace(t)
	server := w.overTLS()
	s := w.settings()
	s.URL = server.URL
	if _, err := w.open(s).Fetch(t.Context(), directory.Cursor{}, ignore); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an authority that nobody knows: %v", err)
	}
	s.CA = "ca.pem"
	fetches(t, w.open(s))
	if s.Certificates()["ca"] != "ca.pem" {
		t.Error("nobody is told when the authority ends")
	}
}

func TestTheSettingsAreToldWhatIsWrongWithThem(t *testing.T) {
	for _, c := range []struct {
		path  string
		spoil func(*Settings)
	}{
		{"login", func(s *Settings) { s.Login = Login{} }},
		{"login", func(s *Settings) { s.Login.App = s.Login.Key; s.Login.Subject = "" }},
		{"login.key", func(s *Settings) { s.Login.Key.Env = "KEY" }},
		{"login.subject", func(s *Settings) { s.Login.Subject = "" }},
		{"login.subject", func(s *Settings) { s.Login.Subject = "root" }},
		{"login.consent", func(s *Settings) { s.Login.Consent = "token.json" }},
		{"domain", func(s *Settings) { s.Customer, s.Domain = "C1", "example.com" }},
		{"domain", func(s *Settings) { s.Domain = "ana@example.com" }},
		{"customer", func(s *Settings) { s.Customer = "example.com" }},
		{"people.units[0]", func(s *Settings) { s.People.Units = []string{"Staff"} }},
		{"people.units[1]", func(s *Settings) { s.People.Units = []string{"/Staff", "/Staff/Berlin"} }},
		{"people.units[1]", func(s *Settings) { s.People.Units = []string{"/Staff", "/Staff"} }},
		{"people.filter", func(s *Settings) { s.People = People{Filter: "orgUnitPath=/x", Units: []string{"/Staff"}} }},
		{"groups.kinds[0]", func(s *Settings) { s.Groups.Kinds = []string{"teams"} }},
		{"groups.filter", func(s *Settings) { s.Groups = Groups{Kinds: []string{ofUnits}, Filter: "email:a*"} }},
		{"groups.roles[1]", func(s *Settings) { s.Groups.Roles = []string{"owner", "owner"} }},
		{"url", func(s *Settings) { s.URL = "https://admin.example.com" }},
		{"proxy_password", func(s *Settings) { s.ProxyPassword = &s.Login.Key }},
	} {
		w := newWorkspace(t)
		s := w.settings()
		if found := s.Validate(); found != nil {
			t.Fatalf("a good one: %+v", found)
		}
		c.spoil(s)
		found := s.Validate()
		if len(found) == 0 || found[0].Path != c.path || found[0].Text == "" {
			t.Errorf("want a finding at %s, got %+v", c.path, found)
		}
	}
}
