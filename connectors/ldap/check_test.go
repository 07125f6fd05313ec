package ldap

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

func check(t *testing.T, o *Settings) []connectors.Finding {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return open(t, o).(connectors.Checker).Check(ctx)
}

// wantFindings compares level, path and a part of the text of each finding.
func wantFindings(t *testing.T, got []connectors.Finding, want ...connectors.Finding) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d findings, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if g := got[i]; g.Level != w.Level || g.Path != w.Path || !strings.Contains(g.Text, w.Text) || !strings.Contains(g.Hint, w.Hint) {
			t.Errorf("finding %d is %+v, want %+v", i, g, w)
		}
	}
}

func TestCheckSaysWhatWorks(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 20, Groups: 2, Members: 5}.Write})
	s.Replace(slapd.PersonDN(1), slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}, "mail": {}})
	wantFindings(t, check(t, settingsFor(t, s)),
		connectors.Finding{Level: connectors.Good, Text: "answers and takes the login over TLS"},
		connectors.Finding{Level: connectors.Good, Text: "the certificate of localhost, issued by test authority, is good until"},
		connectors.Finding{Level: connectors.Good, Text: "20 people, 19 with an e-mail address, 1 disabled"},
		connectors.Finding{Level: connectors.Good, Text: "2 groups with 10 memberships"},
		connectors.Finding{Level: connectors.Good, Text: "only what changed is read"},
		connectors.Finding{Level: connectors.Good, Text: "changes are told at once"},
	)
	o := settingsFor(t, s)
	o.URL = s.URL()
	if got := check(t, o); !strings.HasSuffix(got[0].Text, "takes the login over StartTLS") {
		t.Errorf("%+v", got[0])
	}
}

func TestCheckSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	load := slapd.Population{People: 60, Groups: 2, Members: 5}.Write
	for name, c := range map[string]struct {
		options slapd.Options
		change  func(*Settings)
		want    connectors.Finding
	}{
		"credentials":         {slapd.Options{}, func(o *Settings) { o.Login.User = "cn=nobody," + slapd.Suffix }, connectors.Finding{Path: "login", Text: "Invalid Credentials", Hint: "login.user"}},
		"secret":              {slapd.Options{}, func(o *Settings) { o.Login.Password.File = "/nowhere/x" }, connectors.Finding{Path: "login.password", Text: "does not exist"}},
		"unknown authority":   {slapd.Options{}, func(o *Settings) { o.TLS.CA = "" }, connectors.Finding{Path: "tls.ca", Text: "TLS: ", Hint: "tls.ca"}},
		"other host":          {slapd.Options{}, func(o *Settings) { o.TLS.ServerName = "dc1" }, connectors.Finding{Path: "tls.server_name", Text: "TLS: "}},
		"base":                {slapd.Options{}, func(o *Settings) { o.Base = "dc=other,dc=com" }, connectors.Finding{Path: "base", Text: "search people below dc=other,dc=com", Hint: "the base is not there: this server has dc=example,dc=com"}},
		"size limit":          {slapd.Options{SizeLimit: 50}, func(*Settings) {}, connectors.Finding{Text: "Size Limit", Hint: "raise it"}},
		"hidden ids":          {slapd.Options{Access: []string{"attrs=entryUUID by * none"}}, func(*Settings) {}, connectors.Finding{Text: "has no entryUUID", Hint: "let the account read"}},
		"nobody matches":      {slapd.Options{}, func(o *Settings) { o.People.Filter = "(uid=nobody)" }, connectors.Finding{Path: "people.filter", Text: "no entry below", Hint: "preset"}},
		"nobody has mail":     {slapd.Options{}, func(o *Settings) { o.People.Email = "gecos" }, connectors.Finding{Level: connectors.Warning, Path: "people.email", Text: "nobody has gecos"}},
		"no group matches":    {slapd.Options{}, func(o *Settings) { o.Groups.Filter = "(cn=nothing)" }, connectors.Finding{Level: connectors.Warning, Path: "groups.filter", Text: "no entry below"}},
		"hidden members":      {slapd.Options{Access: []string{"attrs=member by * none"}}, func(*Settings) {}, connectors.Finding{Level: connectors.Warning, Path: "groups.members", Text: "none of 2 groups has a member"}},
		"no increments":       {slapd.Options{WithoutSync: true}, func(o *Settings) { o.Increments = false }, connectors.Finding{Level: connectors.Good, Text: "everything is read each time: increments are switched off"}},
		"no overlay":          {slapd.Options{WithoutSync: true}, func(*Settings) {}, connectors.Finding{Level: connectors.Good, Text: "names and modifyTimestamp of all are compared, what changed is read, and everything once an hour: the server offers no content"}},
		"no watch":            {slapd.Options{WithoutSync: true}, func(*Settings) {}, connectors.Finding{Level: connectors.Good, Text: "changes are asked for on schedule: the server offers no content"}},
		"watch switched off":  {slapd.Options{}, func(o *Settings) { o.Watch = false }, connectors.Finding{Level: connectors.Good, Text: "changes are asked for on schedule: watching is switched off"}},
		"certificate ends":    {slapd.Options{Leaf: privateca.Leaf{Days: 9}}, func(*Settings) {}, connectors.Finding{Level: connectors.Warning, Path: "tls", Text: "(8 days)", Hint: "renewed"}},
		"another preset":      {slapd.Options{}, func(o *Settings) { o.Preset, o.People.ID, o.Groups.ID = "389ds", "entryUUID", "entryUUID" }, connectors.Finding{Level: connectors.Warning, Path: "preset", Text: "it is openldap, and the preset is 389ds", Hint: "preset: openldap"}},
		"members outside":     {slapd.Options{}, func(o *Settings) { o.People.Base, o.Groups.Base = slapd.GroupsDN, slapd.GroupsDN }, connectors.Finding{Level: connectors.Warning, Path: "base", Text: " members of groups lie outside of the base", Hint: "widen"}},
		"base hides people":   {slapd.Options{}, func(o *Settings) { o.People.Base = "ou=groups," + slapd.Suffix }, connectors.Finding{Path: "people.filter", Text: "no entry below", Hint: "outside of the base, for instance uid=p0000000,"}},
		"increments need ids": {slapd.Options{}, func(o *Settings) { o.People.ID = "uid" }, connectors.Finding{Level: connectors.Good, Text: "names and modifyTimestamp of all are compared, what changed is read, and everything once an hour: content synchronization needs entryUUID"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Load = load
			s := slapd.Start(t, c.options)
			o := settingsFor(t, s)
			c.change(o)
			for _, f := range check(t, o) {
				if f.Level == c.want.Level && f.Path == c.want.Path && strings.Contains(f.Text, c.want.Text) && strings.Contains(f.Hint, c.want.Hint) {
					return
				}
			}
			t.Errorf("no finding like %+v among %+v", c.want, check(t, o))
		})
	}
}

func TestCheckTriesEveryServer(t *testing.T) {
	first, _ := startSim(t, ldapsim.Options{})
	second, _ := startSim(t, ldapsim.Options{})
	o := simSettings(t, first)
	o.URL, o.URLs = "", []string{first.SecureURL(), second.SecureURL()}
	got := check(t, o)
	if len(got) < 3 || got[0].Level != connectors.Good || got[2].Level != connectors.Problem || got[2].Path != "tls.ca" {
		t.Errorf("a server that nobody would notice before it is needed: %+v", got)
	}
}
