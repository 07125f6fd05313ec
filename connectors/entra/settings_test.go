package entra

import (
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
)

const someID = "8f2d4f3c-7a1e-4a53-9c39-1d7f0c6c2b11"

// good settings, before each row spoils them.
func goodSettings() *Settings {
	s := New().(*Settings)
	s.Tenant, s.Login.ClientID, s.Login.ClientSecret = someID, someID, secret.Ref{File: "entra-secret"}
	return s
}

func TestGoodSettingsHaveNoFinding(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"a secret": func(*Settings) {},
		"a certificate": func(s *Settings) {
			s.Login = Login{ClientID: someID, Certificate: "entra.pem", Key: secret.Ref{File: "entra-key"}}
		},
		"a managed identity": func(s *Settings) { *s = *New().(*Settings); s.Login.ManagedIdentity = true },
		"a token of others":  func(s *Settings) { s.Login = Login{ClientID: someID, FederatedToken: secret.Ref{File: "token"}} },
		"a domain":           func(s *Settings) { s.Tenant = "contoso.onmicrosoft.com" },
		"each cloud":         func(s *Settings) { s.Cloud = "usgov_dod" },
		"hosts of one's own": func(s *Settings) { s.Authority, s.URL = "https://login.example/", "http://127.0.0.1:1" },
		"all guests":         func(s *Settings) { s.People.Guests, s.People.Email = withGuests, []string{byMail, byUPN, byOther} },
	} {
		s := goodSettings()
		change(s)
		if f := s.Validate(); len(f) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
		if _, err := s.Open(connectors.Env{Name: "contoso", Now: time.Now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEachProblemOfTheSettingsIsToldWithItsKey(t *testing.T) {
	for name, c := range map[string]struct {
		spoil            func(*Settings)
		path, text, hint string
	}{
		"no tenant":               {func(s *Settings) { s.Tenant = "" }, "tenant", "is missing", "Directory (tenant) ID"},
		"a tenant of nonsense":    {func(s *Settings) { s.Tenant = "Contoso Ltd" }, "tenant", `"Contoso Ltd" is neither an ID nor a domain`, "Directory (tenant) ID"},
		"a path for a tenant":     {func(s *Settings) { s.Tenant = "common/../x.example" }, "tenant", "is neither an ID nor a domain", ""},
		"no application":          {func(s *Settings) { s.Login.ClientID = "" }, "login.client_id", "is missing", "Application (client) ID"},
		"a name for it":           {func(s *Settings) { s.Login.ClientID = "kisi-sync" }, "login.client_id", `"kisi-sync" is no ID`, "Application (client) ID"},
		"no login":                {func(s *Settings) { s.Login = Login{} }, "login", "is missing", "certificate: entra.pem"},
		"two logins":              {func(s *Settings) { s.Login.ManagedIdentity = true }, "login", "has client_secret and managed_identity", "keep one"},
		"a key alone":             {func(s *Settings) { s.Login = Login{ClientID: someID, Key: secret.Ref{File: "k"}} }, "login.certificate", "is missing beside key", "registered"},
		"a certificate alone":     {func(s *Settings) { s.Login = Login{ClientID: someID, Certificate: "c"} }, "login.key", "is missing beside certificate", "entra-key"},
		"an endpoint alone":       {func(s *Settings) { s.Login.Endpoint = "http://127.0.0.1/x" }, "login.identity_endpoint", "is of no use without managed_identity", ""},
		"an endpoint elsewhere":   {func(s *Settings) { s.Login = Login{ManagedIdentity: true, Endpoint: "http://10.0.0.1/x"} }, "login.identity_endpoint", "is neither of this machine nor of its host", ""},
		"another cloud":           {func(s *Settings) { s.Cloud = "germany" }, "cloud", `"germany" is none that we know`, "usgov_dod"},
		"graph in clear":          {func(s *Settings) { s.URL = "http://graph.microsoft.com" }, "url", "is not protected", "only the beginning"},
		"graph with a path":       {func(s *Settings) { s.URL = "https://graph.microsoft.com/v1.0" }, "url", "has more than a server in it", ""},
		"authority of nonsense":   {func(s *Settings) { s.Authority = "login" }, "authority", "is no URL of a server", ""},
		"no address":              {func(s *Settings) { s.People.Email = nil }, "people.email", "is empty", "mail"},
		"an address elsewhere":    {func(s *Settings) { s.People.Email = []string{"mail", "upn"} }, "people.email[1]", `"upn" is none that we know`, "user_principal_name"},
		"guests":                  {func(s *Settings) { s.People.Guests = "some" }, "people.guests", `"some" is none that we know`, "exclude or include"},
		"a group by its name":     {func(s *Settings) { s.Groups.IDs = []string{someID, "Staff"} }, "groups.ids[1]", `"Staff" is no object ID`, "Object Id"},
		"too many groups":         {func(s *Settings) { s.Groups.IDs = strings.Fields(strings.Repeat(someID+" ", 51)) }, "groups.ids", "names 51 groups, and Graph takes 50", "remove it"},
		"a proxy with a password": {func(s *Settings) { s.Proxy = "http://a:b@proxy:8080" }, "proxy", "holds a password", "proxy_password"},
	} {
		s := goodSettings()
		c.spoil(s)
		found := s.Validate()
		if len(found) != 1 || found[0].Path != c.path || !strings.Contains(found[0].Text, c.text) || !strings.Contains(found[0].Hint, c.hint) || strings.Contains(found[0].Text, "a:b") {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// The clouds differ in their hosts, and a token is for the Graph of its cloud.
func TestEachCloudHasItsHosts(t *testing.T) {
	for cloud, want := range map[string]origins{
		"global":    {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
		"usgov":     {"https://login.microsoftonline.us", "https://graph.microsoft.us"},
		"usgov_dod": {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
		"china":     {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"},
	} {
		s := goodSettings()
		s.Cloud = cloud
		if to, err := s.origins(); err != nil || to != want {
			t.Errorf("%s: %+v, %v", cloud, to, err)
		}
	}
}

// Certificates of the file are watched by the program; the server's authority is one of them.
func TestCertificatesOfTheFileAreNamed(t *testing.T) {
	s := goodSettings()
	s.Login, s.CA = Login{ClientID: someID, Certificate: "entra.pem", Key: secret.Ref{File: "k"}}, "ca.pem"
	if all := s.Certificates(); len(all) != 2 || all["login.certificate"] != "entra.pem" || all["ca"] != "ca.pem" {
		t.Errorf("%v", all)
	}
}

// Protected by an authority of the company's own, which the file names.
func TestAnAuthorityOfOnesOwnIsTrustedWhenTheFileNamesIt(t *testing.T) {
	d := newTenant(t, entrasim.Options{})
	d.AddUser("Ana", nil)
	d.Close()
	url, ca, err := d.StartTLS()
	if err != nil {
		t.Fatal(err)
	}
	d.settings.Authority, d.settings.URL = url, url
	if _, _, err := fetch(t, d.open()); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("not named: %v", err)
	}
	d.settings.CA = d.write("ca.pem", string(ca))
	if count, _, err := fetch(t, d.open()); err != nil || count[directory.PersonIs] != 1 {
		t.Errorf("named: %v, %v", count, err)
	}
	d.settings.CA = "none.pem"
	_, _, err = fetch(t, d.open())
	if f := connectors.Tell(err, ""); err == nil || f.Path != "ca" || strings.Contains(f.Text, "/oauth2/") {
		t.Errorf("a file that is not there: %+v", f)
	}
}
