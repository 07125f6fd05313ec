package scimpull

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/scim"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/scimpeer"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// provider is a scimmy with a front before it, which counts and spoils calls. People and groups are called by name.
type provider struct {
	*simhttp.Front
	t        testing.TB
	url      string
	token    string
	dir      string
	paths    map[string]string // "/Users/ID" or "/Groups/ID", by name
	pageSize int
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	return newProviderOn(t, scimpeer.Start(t), "")
}

// newProviderOn makes an empty directory of its own on a scimmy.
func newProviderOn(t testing.TB, peer *scimpeer.Server, tenant string) *provider {
	t.Helper()
	target, err := url.Parse(peer.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{Front: simhttp.New(), t: t, token: scimpeer.Token + tenant, dir: t.TempDir(), paths: map[string]string{}, pageSize: 4}
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	pass.ModifyResponse = func(r *http.Response) error { // an answer may be rewritten
		r.Header.Del("Content-Length")
		return nil
	}
	for _, pattern := range []string{"GET /scim/Users", "GET /scim/Groups", "GET /scim/Groups/{id}", "/scim/"} {
		p.Handle(pattern, pass.ServeHTTP)
	}
	front, err := simhttp.Start(p.Front)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(front.Close)
	p.url = front.URL + "/scim"
	p.secret("token", p.token)
	return p
}

func (p *provider) secret(name, value string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(value), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *provider) settings() *Settings {
	s := New().(*Settings)
	s.URL, s.Address, s.PageSize = p.url, fromEmails, p.pageSize
	s.Login.Token = &secret.Ref{File: "token"}
	return s
}

func (p *provider) open(s *Settings, attributes ...string) connectors.Source {
	p.t.Helper()
	src, err := s.Open(connectors.Env{Name: "cloud", Dir: p.dir, Attributes: attributes, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		p.t.Fatal(err)
	}
	return src
}

// Open implements connectortest.Directory.
func (p *provider) Open(attributes ...string) connectors.Source {
	p.t.Helper()
	return p.open(p.settings(), attributes...)
}

// call speaks to the provider as an administrator.
func (p *provider) call(method, path string, body any) scim.Resource {
	p.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			p.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, p.url+path, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		p.t.Fatalf("%s %s: %d %s, %v", method, path, resp.StatusCode, answer, err)
	}
	if len(answer) == 0 {
		return nil
	}
	r, err := scim.Decode(answer, scim.Limits{})
	if err != nil {
		p.t.Fatalf("%s: %v", answer, err)
	}
	return r
}

type object = map[string]any

func user(name, department string) object {
	u := object{"schemas": []string{scim.UserSchema, scim.EnterpriseSchema}, "userName": name, "active": true, "displayName": "The " + name,
		"emails": []object{{"value": name + "@example.com", "type": "work", "primary": true}}}
	if department != "" {
		u[scim.EnterpriseSchema] = object{"department": department}
	}
	return u
}

// AddPerson implements connectortest.Directory.
func (p *provider) AddPerson(name, value string) {
	p.t.Helper()
	p.paths[name] = "/Users/" + p.call("POST", "/Users", user(name, value)).Text("id")
}

func (p *provider) members(names []string) []object {
	all := []object{}
	for _, name := range names {
		if path := p.paths[name]; path != "" {
			all = append(all, object{"value": path[strings.LastIndexByte(path, '/')+1:]})
		}
	}
	return all
}

// AddGroup implements connectortest.Directory.
func (p *provider) AddGroup(name string, members ...string) {
	p.t.Helper()
	p.paths[name] = "/Groups/" + p.call("POST", "/Groups", object{"schemas": []string{scim.GroupSchema}, "displayName": name, "members": p.members(members)}).Text("id")
}

func (p *provider) patch(path string, operations ...object) {
	p.t.Helper()
	p.call("PATCH", path, object{"schemas": []string{scim.PatchSchema}, "Operations": operations})
}

// SetMembers implements connectortest.Directory.
func (p *provider) SetMembers(group string, members ...string) {
	p.t.Helper()
	p.call("PUT", p.path(group), object{"schemas": []string{scim.GroupSchema}, "displayName": group, "members": p.members(members)})
}

func (p *provider) path(name string) string {
	p.t.Helper()
	if p.paths[name] == "" {
		p.t.Fatalf("nobody is called %s", name)
	}
	return p.paths[name]
}

func (p *provider) renamed(name, to string) string {
	p.t.Helper()
	p.paths[to] = p.path(name)
	delete(p.paths, name)
	return p.paths[to]
}

// RenamePerson implements connectortest.Directory.
func (p *provider) RenamePerson(name, to string) {
	p.t.Helper()
	p.call("PUT", p.renamed(name, to), user(to, ""))
}

// RenameGroup implements connectortest.Directory.
func (p *provider) RenameGroup(name, to string) {
	p.t.Helper()
	p.patch(p.renamed(name, to), object{"op": "replace", "path": "displayName", "value": to})
}

// SetValue implements connectortest.Directory.
func (p *provider) SetValue(person, value string) {
	p.t.Helper()
	p.call("PUT", p.path(person), user(person, value))
}

// Disable implements connectortest.Directory.
func (p *provider) Disable(person string) {
	p.t.Helper()
	p.patch(p.path(person), object{"op": "replace", "path": "active", "value": false})
}

// Remove implements connectortest.Directory.
func (p *provider) Remove(name string) {
	p.t.Helper()
	p.call("DELETE", p.path(name), nil)
}

// Break implements connectortest.Breaker: the first page comes, the second does not.
func (p *provider) Break() func() {
	return p.Inject(simhttp.Fault{Pattern: "GET /scim/Users", Count: simhttp.Always,
		Where: func(c simhttp.Call) bool { return c.Query.Get("startIndex") != "1" }, Do: simhttp.Answer(http.StatusBadRequest, "{}", nil)}).Remove
}

func TestContract(t *testing.T) {
	peer, n := scimpeer.Start(t), 0
	connectortest.Run(t, connectortest.Harness{Attribute: "department", PageSize: 4, New: func(t *testing.T) connectortest.Directory {
		n++
		return newProviderOn(t, peer, fmt.Sprint("-", n))
	}})
}
