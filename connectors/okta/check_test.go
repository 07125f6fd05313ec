package okta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
)

// told are findings as text, problems with ✗ and warnings with !.
func told(all []connectors.Finding) string {
	var lines []string
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("%s %s: %s | %s", []string{"✗", "!", "✓"}[f.Level], f.Path, f.Text, f.Hint))
	}
	return strings.Join(lines, "\n")
}

func TestCheckNamesWhatIsMissingAsOktaCallsIt(t *testing.T) {
	client := func(o *org, change func(*oktasim.Client)) {
		c := oktasim.Client{ID: clientID, Keys: []jose.JSONWebKey{o.newKey("key.pem", "k1")}, Scopes: scopes(), Role: true}
		change(&c)
		o.AddClient(c)
	}
	without := func(scope string) func(*org) {
		return func(o *org) {
			client(o, func(c *oktasim.Client) {
				c.Scopes = slices.DeleteFunc(c.Scopes, func(s string) bool { return s == scope })
			})
		}
	}
	token := func(s *Settings) { s.Login = Login{Token: &secret.Ref{File: "token"}} }
	for name, c := range map[string]struct {
		org  func(*org)
		set  func(*Settings)
		want []string
	}{
		"all is well": {want: []string{"✓ : okta gives a token for okta.users.read, okta.groups.read, okta.logs.read", "✓ : 3 users are read, 3 with an address, 1 disabled",
			"✓ : 2 groups are there, of which 1 are read", "✓ : the system log says who was deleted", "✓ : the org takes 600 calls a minute for users"}},
		"bound tokens":      {org: func(o *org) { client(o, func(c *oktasim.Client) { c.Bound = true }) }, want: []string{"✓ : okta gives a token", "(DPoP)"}},
		"no scope users":    {org: without("okta.users.read"), want: []string{"✗ login: the app has not been granted the scope okta.users.read | in the Admin Console under Applications, the app, Okta API Scopes: grant okta.users.read"}},
		"no scope groups":   {org: without("okta.groups.read"), want: []string{"✗ login: the app has not been granted the scope okta.groups.read"}},
		"no scope logs":     {org: without("okta.logs.read"), want: []string{"✗ login: the app has not been granted the scope okta.logs.read", "or write system_log: false"}},
		"logs are not read": {org: without("okta.logs.read"), set: func(s *Settings) { s.SystemLog = false }, want: []string{"✓ : okta gives a token", "! system_log: who is deleted"}},
		"no role": {org: func(o *org) { client(o, func(c *oktasim.Client) { c.Role = false }) }, want: []string{"✗ login: users may not be read: the account has no administrator role that lets it (E0000006)",
			"Read-Only Administrator", "✗ login: groups may not be read", "✗ login: the system log may not be read"}},
		"another key": {org: func(o *org) { o.newKey("key.pem", "k1") }, want: []string{"✗ login: okta gives no token (401 invalid_client", "whether this machine's clock is right"}},
		"another app": {set: func(s *Settings) { s.Login.ClientID = "0oaX" }, want: []string{"✗ login: okta gives no token (401 invalid_client"}},
		"no key":      {set: func(s *Settings) { s.Login.Key = &secret.Ref{File: "none.pem"} }, want: []string{"✗ login.key: file ", "does not exist"}},
		"an API token": {org: func(o *org) { o.AddAPIToken("good", true); o.write("token", []byte("good")) }, set: token,
			want: []string{"! login.token: ", "ends when it is not used for 30 days", "✓ : 3 users"}},
		"an API token without a role": {org: func(o *org) { o.AddAPIToken("weak", false); o.write("token", []byte("weak")) }, set: token, want: []string{"✗ login: users may not be read"}},
		"a revoked API token":         {org: func(o *org) { o.write("token", []byte("gone")) }, set: token, want: []string{"✗ login: okta answers 401", "not used for 30 days"}},
		"a search that is none":       {set: func(s *Settings) { s.People.Filter = "employee" }, want: []string{"✗ people.filter: okta answers 400", "profile.userType eq"}},
		"a search of groups":          {set: func(s *Settings) { s.Groups.Filter = "doors" }, want: []string{"✗ groups.filter: okta answers 400"}},
		"an attribute nobody has":     {want: []string{"! attributes: none of the 3 users that were looked at has the attribute departmnt | write the attribute's variable name"}},
		"an authority nobody knows":   {set: func(s *Settings) { s.CA = "" }, want: []string{"✗ ca: ask for a token: ", "under ca"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, oktasim.Options{Quota: 600})
			_, groups := o.crew(2, 1)
			o.AddUser("DEPROVISIONED", person("left"))
			o.SetMembers(groups[0])
			set := c.set
			if set == nil {
				set = func(*Settings) {}
			}
			if c.org != nil {
				c.org(o)
			}
			got := told(o.open(o.settings(set), "departmnt", "lastName").Check(t.Context()))
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if strings.Contains(got, "hunter2") || strings.Contains(got, "✗") != strings.Contains(strings.Join(c.want, ""), "✗") {
				t.Errorf("check says\n%s", got)
			}
		})
	}
}

func TestAMisspeltAttributeIsToldInALargeOrgAndARareOneIsNot(t *testing.T) {
	for _, c := range []struct {
		page, people int
		told         bool
	}{{100, 150, true}, {10, 15, false}} {
		o := newOrg(t, oktasim.Options{Page: c.page})
		o.crew(c.people, 1)
		got := told(o.open(o.settings(func(*Settings) {}), "departmnt").Check(t.Context()))
		if strings.Contains(got, "has the attribute departmnt") != c.told {
			t.Errorf("%d people, %d to a page:\n%s", c.people, c.page, got)
		}
	}
}
