package scim_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	source "github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/scim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

const prefix = "/scim/okta/v2"

// provider is who pushes, over real HTTP to a source that keeps what it takes in a real store.
type provider struct {
	t       testing.TB
	url     string
	token   string
	id      string // of the token
	store   *store.Store
	source  connectors.Source
	log     *strings.Builder // not to be read while requests are under way
	client  *http.Client
	handler atomic.Pointer[http.Handler] // of source
}

// reopen opens another source on the same rows, as after a restart or a reload, and pushes to it.
func (p *provider) reopen(attributes ...string) {
	p.t.Helper()
	p.open(10000, attributes...)
}

// pace lets only so many requests a second through.
func (p *provider) pace(rate int) {
	p.t.Helper()
	p.open(rate)
}

func (p *provider) open(rate int, attributes ...string) {
	p.t.Helper()
	settings := source.New().(*source.Settings)
	settings.People.Email, settings.Rate = "emails", rate
	opened, err := settings.Open(connectors.Env{Name: "okta", Attributes: attributes, Now: time.Now, Docs: p.store.Shelves("okta"),
		Log: slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		p.t.Fatal(err)
	}
	p.source = opened
	h := opened.(connectors.Listener).Handle("", prefix)
	p.handler.Store(&h)
}

func newProvider(t testing.TB, attributes ...string) *provider {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"), store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, store: st, log: &strings.Builder{}, client: &http.Client{Transport: &http.Transport{}}}
	p.reopen(attributes...)
	made, token, err := source.NewToken(t.Context(), st.Shelves("okta"), source.Token{By: "root", Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	p.token, p.id = token, made.ID
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*p.handler.Load()).ServeHTTP(w, r) }))
	p.url = server.URL + prefix
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		server.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   scim.Resource // nil when nothing came
	text   string
}

// send sends a request with a token and a body of SCIM.
func (p *provider) send(method, path, body string, header ...string) reply {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if len(text) > 0 {
		if r.body, err = scim.Decode(text, scim.Limits{}); err != nil {
			p.t.Fatalf("%s %s: %d %s: %v", method, path, r.status, text, err)
		}
	}
	return r
}

// want is send for a request that must be answered with a status.
func (p *provider) want(status int, method, path, body string, header ...string) reply {
	p.t.Helper()
	r := p.send(method, path, body, header...)
	if r.status != status {
		p.t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, r.status, status, r.text)
	}
	return r
}

// refused is want for a request that must be refused with a scimType.
func (p *provider) refused(status int, kind, method, path, body string) {
	p.t.Helper()
	r := p.want(status, method, path, body)
	if got := r.body.Text("scimType"); got != kind {
		p.t.Errorf("%s %s: scimType %q, want %q: %s", method, path, got, kind, r.text)
	}
}

// user makes a user and returns its id.
func (p *provider) user(name string) string {
	p.t.Helper()
	return p.want(201, "POST", "/Users", userJSON(name)).body.Text("id")
}

// group makes a group of members and returns its id.
func (p *provider) group(name string, members ...string) string {
	p.t.Helper()
	return p.want(201, "POST", "/Groups", groupJSON(name, members...)).body.Text("id")
}

const (
	coreUser   = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
	coreGroup  = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]`
	patchOp    = `"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]`
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

func userJSON(name string) string {
	return `{` + coreUser + `,"externalId":"ext-` + name + `","userName":"` + name + `","name":{"givenName":"` + name + `","familyName":"Test"},` +
		`"emails":[{"primary":true,"value":"` + name + `@example.com","type":"work"}],"active":true}`
}

func groupJSON(name string, members ...string) string {
	var all []string
	for _, m := range members {
		all = append(all, `{"value":"`+m+`"}`)
	}
	return `{` + coreGroup + `,"displayName":"` + name + `","members":[` + strings.Join(all, ",") + `]}`
}

func patch(operations string) string { return `{` + patchOp + `,"Operations":[` + operations + `]}` }

// members returns the ids of the members of a group.
func (p *provider) members(group string) (ids []string) {
	p.t.Helper()
	for _, m := range p.want(200, "GET", "/Groups/"+group, "").body.List("members") {
		ids = append(ids, m.(*scim.Object).Text("value"))
	}
	return ids
}

// fetched is what the source hands on, from a position on.
func (p *provider) fetched(since directory.Cursor) (all []directory.Record, receipt directory.Receipt) {
	p.t.Helper()
	receipt, err := p.source.Fetch(context.Background(), since, func(r *directory.Record) error { all = append(all, *r); return nil })
	if err != nil {
		p.t.Fatal(err)
	}
	return all, receipt
}

// damage makes the first row below a prefix senseless.
func (p *provider) damage(prefix string) {
	p.t.Helper()
	docs := p.store.Shelves("okta")
	var first string
	err := docs.View(p.t.Context(), func(s connectors.Shelf) error {
		return s.Each(prefix, "", func(key string, _ []byte) bool { first = key; return false })
	})
	if err == nil {
		err = docs.Update(p.t.Context(), func(s connectors.Shelf) error { s.Put(first, []byte("senseless")); return nil })
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
