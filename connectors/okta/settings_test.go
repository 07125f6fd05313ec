package okta

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

func TestEverySettingThatCannotWorkIsRefused(t *testing.T) {
	key := &secret.Ref{File: "key.pem"}
	for name, c := range map[string]struct {
		change func(*Settings)
		want   string // path and beginning of the text; "" for none
	}{
		"a key":   {func(*Settings) {}, ""},
		"a token": {func(s *Settings) { s.Login = Login{Token: key} }, ""},
		"everything": {func(s *Settings) {
			s.Statuses = map[string]string{"STAGED": "active"}
			s.People.Email = "login"
			s.Groups.Kinds = []string{"BUILT_IN"}
			s.Overlap = 0
		}, ""},
		"no address":              {func(s *Settings) { s.URL = "" }, "url is missing"},
		"an address without form": {func(s *Settings) { s.URL = "acme.okta.com" }, "url is not the address"},
		"an address with a path":  {func(s *Settings) { s.URL = "https://acme.okta.com/api/v1" }, "url is not the address"},
		"an address with a user":  {func(s *Settings) { s.URL = "https://me@acme.okta.com" }, "url is not the address"},
		"plain http":              {func(s *Settings) { s.URL = "http://acme.okta.com" }, "url must begin with https"},
		"the Admin Console":       {func(s *Settings) { s.URL = "https://acme-admin.okta.com" }, "url is the address of the Admin Console"},
		"no login":                {func(s *Settings) { s.Login = Login{} }, "login is missing"},
		"both logins":             {func(s *Settings) { s.Login.Token = key }, "login.token stands beside"},
		"no client":               {func(s *Settings) { s.Login.ClientID = "" }, "login.client_id is missing"},
		"no key":                  {func(s *Settings) { s.Login.Key = nil }, "login.key is missing"},
		"a key nowhere":           {func(s *Settings) { s.Login.Key = &secret.Ref{} }, "login.key names no place"},
		"a token nowhere":         {func(s *Settings) { s.Login = Login{Token: &secret.Ref{}} }, "login.token names no place"},
		"an address attribute":    {func(s *Settings) { s.People.Email = "mail" }, "people.email is neither"},
		"a kind of group":         {func(s *Settings) { s.Groups.Kinds = []string{"AD_GROUP"} }, "groups.kinds \"AD_GROUP\" is no kind"},
		"a status":                {func(s *Settings) { s.Statuses = map[string]string{"FIRED": "disabled"} }, "statuses.FIRED is no status"},
		"a meaning":               {func(s *Settings) { s.Statuses = map[string]string{"STAGED": "maybe"} }, "statuses.STAGED \"maybe\" is neither"},
		"all for others":          {func(s *Settings) { s.LeaveToOthers = 100 }, "leave_to_others 100 is not between 0 and 95"},
		"too many calls":          {func(s *Settings) { s.Concurrency = 21 }, "concurrency 21 is not between"},
		"an overlap of days":      {func(s *Settings) { s.Overlap = 48 * time.Hour }, "overlap is not between"},
		"a proxy":                 {func(s *Settings) { s.Line = webapi.Line{Proxy: "proxy"} }, "proxy is not the address"},
	} {
		s := New().(*Settings)
		s.URL, s.Login = "https://acme.okta.com/", Login{ClientID: "0oa1", Key: key, KeyID: "k1"}
		c.change(s)
		got := s.Validate()
		if c.want == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || c.want == "" || !strings.HasPrefix(got[0].Path+" "+got[0].Text, c.want) {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
			continue
		}
		var invalid *connectors.Invalid
		if _, err := s.Open(connectors.Env{Now: time.Now}); !errors.As(err, &invalid) {
			t.Errorf("%s was opened: %v", name, err)
		}
	}
}

func TestAPositionIsGoodForTheSameSettingsOnly(t *testing.T) {
	base := func() *Settings {
		s := New().(*Settings)
		s.URL = "https://acme.okta.com"
		return s
	}
	same := base()
	same.Concurrency, same.LeaveToOthers, same.Overlap, same.URL = 9, 10, time.Hour, "https://acme.okta.com/"
	if base().shape([]string{"a"}) != same.shape([]string{"a"}) {
		t.Error("settings that change nothing of what is read make another shape")
	}
	for name, change := range map[string]func(*Settings){
		"org": func(s *Settings) { s.URL = "https://other.okta.com" }, "search": func(s *Settings) { s.People.Filter = "id pr" },
		"address": func(s *Settings) { s.People.Email = "login" }, "types": func(s *Settings) { s.Groups.Kinds = []string{"BUILT_IN"} },
		"groups": func(s *Settings) { s.Groups.Filter = "id pr" }, "statuses": func(s *Settings) { s.Statuses = map[string]string{"STAGED": "active"} },
		"log": func(s *Settings) { s.SystemLog = false },
	} {
		other := base()
		if change(other); base().shape([]string{"a"}) == other.shape([]string{"a"}) {
			t.Errorf("another %s makes no other shape", name)
		}
	}
	if base().shape([]string{"a"}) == base().shape([]string{"b"}) {
		t.Error("other attributes make no other shape")
	}
}

func TestTheAuthoritiesFileIsNamedForItsEnd(t *testing.T) {
	s := New().(*Settings)
	if s.Certificates() != nil {
		t.Errorf("got %v", s.Certificates())
	}
	if s.CA = "ca.pem"; s.Certificates()["ca"] != "ca.pem" {
		t.Errorf("got %v", s.Certificates())
	}
}
