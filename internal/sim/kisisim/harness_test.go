package kisisim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

// kit is a furnished company behind a real server, and a caller that does everything as the notes say.
type kit struct {
	*Company
	t   *testing.T
	url string
	key string
}

// visit starts Acme without a rate limit; the test fails at its end for whatever Check reports.
func visit(t *testing.T, assume Assumptions) *kit {
	t.Helper()
	return visitWith(t, Options{Assume: assume, Rate: -1})
}

func visitWith(t *testing.T, o Options) *kit {
	t.Helper()
	c := Acme(o)
	server, err := c.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	c.CheckAtEnd(t)
	return &kit{Company: c, t: t, url: server.URL, key: c.Key}
}

// reply is an answer that was read to its end.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	raw    []byte
}

func (k *kit) request(method, path string, body any) *http.Request {
	k.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			k.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(method, k.url+path, reader)
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if k.key != "" {
		r.Header.Set("Authorization", "KISI-LOGIN "+k.key)
	}
	return r
}

// try sends a request that may fail on the way.
func (k *kit) try(method, path string, body any) (reply, error) {
	k.t.Helper()
	r, err := http.DefaultClient.Do(k.request(method, path, body))
	if err != nil {
		return reply{}, err
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	return reply{k.t, r.StatusCode, r.Header, raw}, err
}

func (k *kit) do(method, path string, body any) reply {
	k.t.Helper()
	r, err := k.try(method, path, body)
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

// want does a request and fails the test unless the status is as wanted.
func (k *kit) want(status int, method, path string, body any) reply {
	k.t.Helper()
	r := k.do(method, path, body)
	if r.status != status {
		k.t.Fatalf("%s %s %v: status %d, want %d: %s", method, path, body, r.status, status, r.raw)
	}
	return r
}

func (k *kit) get(path string) reply {
	k.t.Helper()
	return k.want(200, "GET", path, nil)
}

func (r reply) object() map[string]any {
	r.t.Helper()
	var out map[string]any
	if err := json.Unmarshal(r.raw, &out); err != nil {
		r.t.Fatalf("no object: %v: %s", err, r.raw)
	}
	return out
}

func (r reply) rows() []map[string]any {
	r.t.Helper()
	var out []map[string]any
	if err := json.Unmarshal(r.raw, &out); err != nil {
		r.t.Fatalf("no list: %v: %s", err, r.raw)
	}
	return out
}

func (r reply) id() int64 { return idOf(r.object()) }

func idOf(row map[string]any) int64 {
	id, _ := row["id"].(float64)
	return int64(id)
}

// column lists one key of all rows.
func (r reply) column(key string) []string {
	r.t.Helper()
	var out []string
	for _, row := range r.rows() {
		out = append(out, fmt.Sprint(row[key]))
	}
	return out
}

func (r reply) wantBody(text string) {
	r.t.Helper()
	if string(r.raw) != text {
		r.t.Errorf("body %s, want %s", r.raw, text)
	}
}

func keysOf(row map[string]any) []string { return slices.Sorted(maps.Keys(row)) }

func wantEqual[T comparable](t *testing.T, got, want T, what string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Bodies as a careful client sends them.

func newUser(email, name string) map[string]any {
	return map[string]any{"user": map[string]any{
		"email": email, "name": name, "send_emails": false, "confirm": true, "access_enabled": true,
		"password_flow_enabled": false, "metadata": map[string]any{"stamp": "1"},
	}}
}

func newRight(userID, groupID int64, more ...any) map[string]any {
	row := map[string]any{
		"applies_to_type": "Group", "applies_to_id": groupID, "assignee_type": "User", "assignee_id": userID,
		"role_id": "group_basic", "notify": false,
	}
	for i := 0; i+1 < len(more); i += 2 {
		row[more[i].(string)] = more[i+1]
	}
	return map[string]any{"role_assignment": row}
}

func (k *kit) create(email, name string) int64 {
	k.t.Helper()
	return k.want(200, "POST", "/users", newUser(email, name)).id()
}

func (k *kit) let(userID int64, group string) int64 {
	k.t.Helper()
	return k.want(200, "POST", "/role_assignments", newRight(userID, k.Groups[group])).id()
}

// wantBroken checks that exactly these rules were broken, in order, and allows them from now on.
func (k *kit) wantBroken(rules ...Rule) {
	k.t.Helper()
	var got []Rule
	for _, v := range k.Violations() {
		got = append(got, v.Rule)
	}
	if !slices.Equal(got, rules) {
		k.t.Errorf("broken rules %q, want %q:\n%v", got, rules, k.Check())
	}
	k.Allow(rules...)
}

// clock is a clock that stands still.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }
