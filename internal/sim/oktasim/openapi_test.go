package oktasim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktaspec"
)

// Every kind of answer that the simulator gives is held against Okta's own document, errors too.
func TestAnswersAreAsOktasOpenAPISays(t *testing.T) {
	spec, err := oktaspec.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var complaints []string
	s := oktasim.New(oktasim.Options{Quota: 8})
	s.AddAPIToken("good", true)
	s.AddAPIToken("nobody", false)
	ana := s.AddUser("", map[string]any{"login": "ana@example.com", "email": "ana@example.com", "firstName": "Ana", "lastName": "Reis", "badge": 7, "floors": []any{"1", "2"}})
	bo := s.AddUser("SUSPENDED", map[string]any{"login": "bo@example.com", "email": "bo@example.com", "firstName": "Bo", "lastName": "Lind"})
	staff := s.AddGroup("Staff", "APP_GROUP")
	s.SetMembers(staff, ana, bo)
	s.Delete(bo)
	guarded := spec.Guard(s, func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) })
	get := func(token, address string) (int, string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "https://acme.okta.example"+address, nil)
		r.Header.Set("Authorization", "SSWS "+token)
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		return w.Code, string(body)
	}
	for _, c := range []struct {
		token, address string
		status         int
		holds          string
	}{
		{"good", "/api/v1/users?limit=200", 200, ana},
		{"good", "/api/v1/users?filter=" + url.QueryEscape(`status eq "ACTIVE" or status eq "DEPROVISIONED"`), 200, ana},
		{"good", "/api/v1/users?filter=" + url.QueryEscape(`profile.badge eq "7"`), 400, "E0000031"}, // filter does not know it
		{"good", "/api/v1/users?search=" + url.QueryEscape(`profile.badge eq "7" and (profile.floors eq "2")`), 200, ana},
		{"good", "/api/v1/users?search=nonsense", 400, "E0000031"},
		{"nobody", "/api/v1/users", 403, "E0000006"},
		{"bad", "/api/v1/users", 401, "E0000011"},
		{"good", "/api/v1/users", 200, ana},
		{"good", "/api/v1/users", 429, "E0000047"},
		{"good", "/api/v1/groups?limit=1000", 200, "Everyone"},
		{"good", "/api/v1/groups?search=" + url.QueryEscape(`type eq "APP_GROUP"`), 200, staff},
		{"good", "/api/v1/groups/" + staff + "/users?limit=1", 200, ana},
		{"good", "/api/v1/groups/00gnone/users", 404, "E0000007"},
		{"good", "/api/v1/logs?since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z&filter=" + url.QueryEscape(`eventType eq "user.lifecycle.delete.initiated"`), 200, bo},
	} {
		if status, body := get(c.token, c.address); status != c.status || !strings.Contains(body, c.holds) {
			t.Errorf("%s: %d %s", c.address, status, body)
		}
	}
	if len(complaints)+len(s.Complaints()) > 0 {
		t.Errorf("complaints:\n%s\n%s", strings.Join(complaints, "\n"), strings.Join(s.Complaints(), "\n"))
	}
	get("good", "/api/v1/users?limit=many&colour=red")
	get("good", "/api/v1/doors")
	if len(complaints) != 3 { // the limit, the colour, no such call
		t.Errorf("mistakes are complained of as %q", complaints)
	}
}
