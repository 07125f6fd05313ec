package google

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func fetches(t *testing.T, s *source) {
	t.Helper()
	if _, err := s.Fetch(t.Context(), directory.Cursor{}, ignore); err != nil {
		t.Fatal(err)
	}
}

// One token serves an hour; one that is refused earlier is replaced, and the key is read anew for it.
func TestATokenServesUntilItIsRefusedAndTheKeyIsReadAnew(t *testing.T) {
	w := newWorkspace(t)
	s := w.open(w.settings())
	fetches(t, s)
	fetches(t, s)
	if n := w.Count(googlesim.Token); n != 1 {
		t.Errorf("two reads asked for %d tokens", n)
	}
	w.Revoke("kisi-sync")
	w.write("key.json", w.ServiceAccount("kisi-sync", w.server.URL))
	w.ForgetTokens()
	fetches(t, s)
	if n := w.Count(googlesim.Token); n > 5 {
		t.Errorf("a token that was refused was replaced by %d", n-1)
	}
}

func TestEveryWayToBeRefusedSaysWhichAndWhatToDo(t *testing.T) {
	all := []string{googlesim.UserScope, googlesim.GroupScope, googlesim.UnitScope}
	for _, c := range []struct {
		name       string
		spoil      func(*workspace, *Settings)
		path, text string
	}{
		{"no delegation", func(w *workspace, _ *Settings) { w.Delegate("kisi-sync") }, "login.key", "domain-wide delegation is not granted to the service account"},
		{"one scope missing", func(w *workspace, _ *Settings) { w.Delegate("kisi-sync", all[:2]...) }, "login.key", "domain-wide delegation lacks " + googlesim.UnitScope},
		{"two scopes missing", func(w *workspace, _ *Settings) { w.Delegate("kisi-sync", all[1]) }, "login.key", "lacks " + googlesim.UserScope + " and " + googlesim.UnitScope},
		{"no such subject", func(_ *workspace, s *Settings) { s.Login.Subject = "nobody@example.com" }, "login.subject", "Invalid email or User ID"},
		{"subject suspended", func(w *workspace, _ *Settings) {
			w.ChangeUser(googlesim.Admin, func(u *googlesim.User) { u.Suspended = true })
		}, "login.subject", "Invalid email or User ID"},
		{"subject no administrator", func(w *workspace, s *Settings) { w.AddUser(user("ana", "/")); s.Login.Subject = address("ana") }, "login.subject", "403 forbidden: Not Authorized"},
		{"key deleted", func(w *workspace, _ *Settings) { w.Revoke("kisi-sync") }, "login.key", "Invalid JWT Signature"},
		{"no key", func(w *workspace, _ *Settings) { _ = os.Remove(filepath.Join(w.dir, "key.json")) }, "login.key", "key.json"},
		{"key of another kind", func(w *workspace, _ *Settings) { w.write("key.json", w.App(w.server.URL)) }, "login.key", "is no key of a service account"},
		{"key cut in half", func(w *workspace, _ *Settings) {
			w.write("key.json", []byte(`{"type": "service_account", "private_key": "hush`))
		}, "login.key", "it is no JSON of that kind"},
		{"key of elsewhere", func(w *workspace, _ *Settings) {
			w.write("key.json", w.ServiceAccount("kisi-sync", "http://127.0.0.1:1"))
		}, "login.key", "token_uri of the file is not at "},
		{"API not enabled", func(w *workspace, _ *Settings) { w.Enable(false) }, "", "list users: Google answers 403 accessNotConfigured"},
		{"no such customer", func(_ *workspace, s *Settings) { s.Customer = "C0other" }, "customer", "404 notFound"},
		{"no such domain", func(_ *workspace, s *Settings) { s.Domain = "example.org" }, "domain", "404 notFound"},
		{"no such search", func(_ *workspace, s *Settings) { s.People.Filter = "department" }, "", "Invalid Input: query"},
		{"a login page for a token", func(w *workspace, _ *Settings) {
			w.Inject(simhttp.Fault{Pattern: googlesim.Token, Count: simhttp.Always, Do: simhttp.LoginPage()})
		}, "", "log in: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorkspace(t)
			s := w.settings()
			c.spoil(w, s)
			found := w.open(s).Check(t.Context())
			bad := found[len(found)-1]
			if !hasProblem(found) || bad.Path != c.path || !strings.Contains(bad.Text, c.text) || c.path != "" && bad.Hint == "" && !strings.Contains(bad.Text, "key.json") {
				t.Errorf("found %+v", found)
			}
			for _, f := range found {
				if strings.Contains(f.Text+f.Hint, "PRIVATE KEY") || strings.Contains(f.Text, "hush") {
					t.Error("a key is shown")
				}
			}
			if _, err := w.open(s).Fetch(t.Context(), directory.Cursor{}, ignore); err == nil {
				t.Error("it is read all the same")
			}
		})
	}
}

func TestACheckSaysWhatIsThereAndWhichAttributesNobodyHas(t *testing.T) {
	w := newWorkspace(t)
	w.AddUser(googlesim.User{Email: address("ana"), Suspended: true, Custom: map[string]map[string]any{"Doors": {"end": "x"}}})
	w.AddGroup(address("doors"), "doors", address("ana"), "CUSTOMER")
	var said []string
	for _, f := range w.open(w.settings(), "customSchemas.Doors.end", "customSchemas.Doors.and").Check(t.Context()) {
		said = append(said, fmt.Sprint(f.Level, " ", f.Text))
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{"2 Google takes the login of the service account, in the name of admin@example.com", "2 2 people, 2 with an e-mail address, 1 suspended or archived",
		"1 nobody has customSchemas.Doors.and", "2 everything is read each time, in 5 calls"} {
		if !strings.Contains(all, want) {
			t.Errorf("the check does not say %q:\n%s", want, all)
		}
	}
}

// Without a key: another provider's token, exchanged for one that may have a statement signed, exchanged for one of the directory.
func TestAWorkloadReadsWithoutAKey(t *testing.T) {
	w := newWorkspace(t)
	w.write("token", []byte(googlesim.WorkloadToken))
	account := "kisi-sync@door-project.iam.gserviceaccount.com"
	file := map[string]any{"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
		"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": w.server.URL + "/v1/token",
		"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + account + ":generateAccessToken",
		"credential_source":                 map[string]any{"file": filepath.Join(w.dir, "token")}}
	keep := func() {
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		w.write("workload.json", text)
	}
	keep()
	s := w.settings()
	s.Login.Key, s.Login.Workload = secret.Ref{}, secret.Ref{File: "workload.json"}
	fetches(t, w.open(s))
	if w.Count(googlesim.SignJWT) != 1 || w.Count(googlesim.Exchange) != 1 {
		t.Errorf("calls were %v", w.Counts())
	}
	for _, spoil := range []func(){
		func() { w.write("token", []byte("of another cluster")) },
		func() { file["service_account_impersonation_url"] = ""; keep() },
		func() { file["token_url"] = "https://sts.evil.example/v1/token"; keep() },
		func() { w.write("workload.json", []byte(`{"type": "service_account"}`)) },
	} {
		spoil()
		_, err := w.open(s).Fetch(t.Context(), directory.Cursor{}, ignore)
		if err == nil || strings.Contains(err.Error(), "of another cluster") {
			t.Errorf("got %v", err)
		}
	}
}

// An administrator's consent to an app: a browser, a port of this machine, a file for this account alone.
func TestAConsentIsKeptAndReadsUntilItIsTakenBack(t *testing.T) {
	w := newWorkspace(t)
	w.write("app.json", w.App(w.server.URL))
	settings := w.settings()
	settings.Login = Login{App: secret.Ref{File: "app.json"}}
	s := w.open(settings)
	if _, err := s.Fetch(t.Context(), directory.Cursor{}, ignore); pathOf(err) != "login.consent" {
		t.Errorf("before anybody consented: %v", err)
	}
	kept, err := s.Consent(t.Context(), 0, func(address string) { go browse(t, address) })
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(kept); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 || kept != filepath.Join(w.dir, "corp-token.json") {
		t.Errorf("%s: %v, %v", kept, info, err)
	}
	fetches(t, s)
	w.ForgetConsent()
	w.ForgetTokens()
	if _, err := s.Fetch(t.Context(), directory.Cursor{}, ignore); err == nil || !strings.Contains(err.Error(), "run kisi-sync source login corp") {
		t.Errorf("after it was taken back: %v", err)
	}
	if _, err := w.open(w.settings()).Consent(t.Context(), 0, nil); err == nil {
		t.Error("a service account asks for consent")
	}
}

// browse opens an address as a browser does.
func browse(t *testing.T, address string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(address)
	if err != nil {
		t.Errorf("browse: %v", err)
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
}

// Whoever can reach the port can knock, and is not heard without the state; who says no is heard.
func TestNobodyElseCanEndALogin(t *testing.T) {
	w := newWorkspace(t)
	w.write("app.json", w.App(w.server.URL))
	settings := w.settings()
	settings.Login = Login{App: secret.Ref{File: "app.json"}}
	_, err := w.open(settings).Consent(t.Context(), 0, func(address string) {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			back := u.Query().Get("redirect_uri")
			browse(t, back+"/?code=stolen&state=guessed")
			browse(t, back+"/other?state="+u.Query().Get("state"))
			browse(t, back+"/?error=access_denied&state="+u.Query().Get("state"))
		}()
	})
	if err == nil || !strings.Contains(err.Error(), `nobody consented: "access_denied"`) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := w.open(settings).Consent(ctx, 0, func(string) { cancel() }); err != context.Canceled {
		t.Errorf("a login that was given up says %v", err)
	}
}
