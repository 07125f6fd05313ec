package scimpull

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
	"github.com/kisi-sync/kisi-sync/internal/webapi"
)

// checked returns what check says, a line for each finding.
func checked(t *testing.T, src connectors.Source) string {
	t.Helper()
	var b strings.Builder
	for _, f := range src.(connectors.Checker).Check(context.Background()) {
		b.WriteString(map[connectors.Level]string{connectors.Good: "good ", connectors.Warning: "warning "}[f.Level] + f.Path + ": " + f.Text + " (" + f.Hint + ")\n")
	}
	return b.String()
}

func TestCheckSaysWhatTheServiceProviderIs(t *testing.T) {
	p := newProvider(t)
	p.crowd()
	got := checked(t, p.Open())
	for _, want := range []string{"good url: a SCIM service provider, which gives at most", "good url: 10 users", "good url: 1 groups"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if p.Count("") != 3 {
		t.Errorf("%d calls", p.Count(""))
	}
}

func TestCheckSaysWhatToMend(t *testing.T) {
	for name, c := range map[string]struct {
		where, body string
		status      int
		filter      string
		want        string
	}{
		"nobody may see what it can":   {"/scim/", "", http.StatusNotFound, "", "warning url: what it can do is not to be seen: the service provider answers 404 to /ServiceProviderConfig"},
		"users are not for us":         {"GET /scim/Users", `{"status":"403","detail":"no"}`, http.StatusForbidden, "", `login: the service provider answers 403 to /Users: "no" (give the account the right`},
		"users are elsewhere":          {"GET /scim/Users", ``, http.StatusNotFound, "", "(look whether url is what stands before /Users)"},
		"a filter that it cannot":      {"GET /scim/Users", `{"status":"400","scimType":"invalidFilter","detail":"?"}`, http.StatusBadRequest, `title eq "x"`, "people.filter: the service provider answers 400 invalidFilter to /Users"},
		"a filter that it does not do": {"GET /scim/Users", `{"totalResults":1,"Resources":[{"id":"1","title":"y"}]}`, http.StatusOK, `title eq "x"`, "warning url: the service provider gives users that the filter does not match"},
		"it says that it cannot":       {"/scim/", `{"filter":{"supported":false}}`, http.StatusOK, `title eq "x"`, "warning people.filter: the service provider says that it cannot filter"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.Inject(simhttp.Fault{Pattern: c.where, Do: simhttp.Answer(c.status, c.body, nil)})
			s := p.settings()
			s.People.Filter = c.filter
			if got := checked(t, p.open(s)); !strings.Contains(got, c.want) {
				t.Errorf("got\n%swant %s", got, c.want)
			}
		})
	}
}

func TestEachMistakeOfTheSettingsIsTold(t *testing.T) {
	good := func() *Settings {
		s := New().(*Settings)
		s.URL, s.People.Email, s.Login.Token = "https://idp.example.com/scim/v2", fromEmails, &secret.Ref{File: "token"}
		return s
	}
	if f := good().Validate(); len(f) != 0 {
		t.Fatalf("good settings: %v", f)
	}
	password := &secret.Ref{File: "p"}
	for want, spoil := range map[string]func(*Settings){
		"url is missing":                                   func(s *Settings) { s.URL = "" },
		"url must begin with https://":                     func(s *Settings) { s.URL = "http://idp.example.com/scim" },
		"url is no address":                                func(s *Settings) { s.URL = "https://user@idp.example.com/scim" },
		"url is the address of users or groups alone":      func(s *Settings) { s.URL = "https://idp.example.com/scim/Users/" },
		"login is missing":                                 func(s *Settings) { s.Login = Login{} },
		"login has more than one way":                      func(s *Settings) { s.Login.User = "x" },
		"login.password is missing":                        func(s *Settings) { s.Login = Login{User: "x"} },
		"login.user is missing, or holds a colon":          func(s *Settings) { s.Login = Login{User: "a:b", Password: password} },
		"login.token_url is missing":                       func(s *Settings) { s.Login = Login{ClientID: "x", ClientSecret: password} },
		"login.client_id is missing":                       func(s *Settings) { s.Login = Login{TokenURL: "https://idp.example.com/t", ClientSecret: password} },
		"login.client_secret is missing":                   func(s *Settings) { s.Login = Login{TokenURL: "https://idp.example.com/t", ClientID: "x"} },
		"login.token names no place":                       func(s *Settings) { s.Login.Token = &secret.Ref{} },
		"people.email is missing":                          func(s *Settings) { s.People.Email = "" },
		`people.email "mail" is no attribute`:              func(s *Settings) { s.People.Email = "mail" },
		"people.filter is no SCIM filter: the filter has":  func(s *Settings) { s.People.Filter = "userName" },
		"people.filter is no SCIM filter: \"active\" is a": func(s *Settings) { s.People.Filter = "active gt true" },
		"groups.filter is no SCIM filter":                  func(s *Settings) { s.Groups.Filter = "(" },
		"page_size 1 is not between 2 and 10000":           func(s *Settings) { s.PageSize = 1 },
		"concurrency 21 is not between 1 and 20":           func(s *Settings) { s.Concurrency = 21 },
		"proxy is not the address of a proxy":              func(s *Settings) { s.Line = webapi.Line{Proxy: "x"} },
	} {
		s := good()
		spoil(s)
		f := s.Validate()
		if len(f) != 1 || !strings.Contains(f[0].Path+" "+f[0].Text, want) {
			t.Errorf("want %s, got %v", want, f)
		}
		if _, err := s.Open(connectors.Env{}); err == nil {
			t.Errorf("%s: it opens all the same", want)
		}
	}
}
