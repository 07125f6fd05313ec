package all

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/connectors/scimpull"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

// pushedTo serves a source of type scim, and returns it with where it is and a token for it.
func pushedTo(t *testing.T) (src connectors.Source, url, token string) {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	docs := st.Shelves("okta")
	settings := scim.New().(*scim.Settings)
	settings.People.Email, settings.Rate = "emails", 10000
	if src, err = settings.Open(connectors.Env{Name: "okta", Docs: docs, Now: time.Now, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	if _, token, err = scim.NewToken(t.Context(), docs, scim.Token{Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(src.(connectors.Listener).Handle("", "/scim/okta/v2"))
	t.Cleanup(server.Close)
	return src, server.URL + "/scim/okta/v2", token
}

// What is pushed to one kisi-sync can be read by another, and is the same to both.
func TestWhatIsPushedIsReadAsItWasPushed(t *testing.T) {
	src, url, token := pushedTo(t)
	push := func(path, body string) string {
		req, err := http.NewRequest("POST", url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %s", body, resp.Status)
		}
		return resp.Header.Get("Location")[strings.LastIndexByte(resp.Header.Get("Location"), '/')+1:]
	}
	var ids []string
	for i := range 25 {
		ids = append(ids, push("/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"p%02d","active":%v,"emails":[{"value":"p%02d@example.com"}]}`, i, i%5 > 0, i)))
	}
	night := push("/Groups", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Night","members":[{"value":%q}]}`, ids[7]))
	push("/Groups", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Staff","members":[{"value":%q},{"value":%q},{"value":%q}]}`, ids[1], ids[24], night))

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := scimpull.New().(*scimpull.Settings)
	settings.URL, settings.People.Email, settings.PageSize, settings.Login.Token = url, "emails", 4, &secret.Ref{File: "token"}
	pull, err := settings.Open(connectors.Env{Name: "okta", Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range pull.(connectors.Checker).Check(t.Context()) {
		if f.Level != connectors.Good {
			t.Errorf("check: %+v", f)
		}
	}
	ours, read := connectortest.Follow(t, src), connectortest.Follow(t, pull)
	ours.Full()
	read.Full()
	if len(read.People()) != 25 || !slices.Equal(read.People(), ours.People()) {
		t.Errorf("read %v, pushed %v", read.People(), ours.People())
	}
	for i, email := range read.People() {
		if a, b := read.Person(email), ours.Person(email); a.ID() != b.ID() || a.Active() != b.Active() {
			t.Errorf("%d: read %s %v, pushed %s %v", i, a.ID(), a.Active(), b.ID(), b.Active())
		}
	}
	if want := []string{"p01@example.com", "p07@example.com", "p24@example.com"}; !slices.Equal(read.Members("Staff"), want) || !slices.Equal(ours.Members("Staff"), want) {
		t.Errorf("read %v, pushed %v", read.Members("Staff"), ours.Members("Staff"))
	}
}
