//go:build unix

package killtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/scim"
	"github.com/kisi-sync/kisi-sync/internal/store"
)

const pushConfig = `mode: observe
installation: kill-1
kisi: {url: "%s", organization: {domain: nordlicht}, api_key: {file: kisi-api-key}, new_users: managed}
sources:
  okta: {type: scim, people: {email: userName}, emails: any, rate: 10000}
scim: {listen: "127.0.0.1:0"}
groups:
  Staff: {scope: organization, if_missing: create}
rules:
  - {name: all, from: {source: okta, everyone: true}, grant: [Staff]}
metrics: {listen: "off"}
log: {level: info}
`

// pushers is how many push side by side, so that several wait for one commit.
const pushers = 4

// TestADaemonKilledAtAnyWriteKeepsWhatItHasAcknowledged kills the daemon at writes to its state file while a provider pushes, before and
// after each became durable. What was acknowledged must be there then; what was not may be there or not, but not in part.
func TestADaemonKilledAtAnyWriteKeepsWhatItHasAcknowledged(t *testing.T) {
	t.Parallel()
	held := gated(t)
	const writes = 120 // which is about what the pushes make
	for nth := 1; nth <= writes; nth++ {
		if !*every && nth%2 == 0 || !sparsely(nth) {
			continue
		}
		t.Run(fmt.Sprint("write ", nth), func(t *testing.T) {
			t.Parallel()
			newPushed(t).killedAt(nth, held)
		})
	}
}

// pushed is a world in which a provider pushes.
type pushed struct {
	*world
	token string
	url   string
	all   [pushers]pusher
}

// pusher is one line of pushes about one user, each sent when the one before was acknowledged.
type pusher struct {
	id    string
	acked int // of steps
}

func newPushed(t *testing.T) *pushed {
	w := &pushed{world: newWorld(t)}
	w.write("config.yaml", fmt.Sprintf(pushConfig, w.api.URL))
	made := w.runs(0, "scim", "token", "create", "okta", "--json")
	var doc struct{ Token string }
	w.must(json.Unmarshal([]byte(made.out.String()), &doc))
	w.token = doc.Token
	return w
}

// killedAt kills the daemon at the nth write after the first push was sent.
func (w *pushed) killedAt(nth int, held bool) {
	w.t.Helper()
	var mu sync.Mutex
	armed, count := false, 0
	var p *process
	started := make(chan struct{})
	g := &gate{at: func(place) verdict {
		mu.Lock()
		defer mu.Unlock()
		if !armed {
			return pass
		}
		if count++; count == nth {
			<-started
			p.kill()
		}
		return pass
	}}
	p = w.start(launching{Gated: held}, g, "run")
	close(started)
	if !p.says("providers can push") || !p.says("daemon started") {
		w.t.Fatalf("nobody can push:\n%s", &p.out)
	}
	w.url = "http://" + regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(p.out.String())[1] + "/scim/okta/v2"
	mu.Lock()
	armed = true
	mu.Unlock()
	if !held {
		time.AfterFunc(time.Duration(nth)*3*time.Millisecond, p.kill)
	}
	var wait sync.WaitGroup
	for i := range w.all {
		wait.Go(func() { w.push(i) })
	}
	wait.Wait()
	reached := 0
	for i := range w.all {
		reached += w.all[i].acked
	}
	w.t.Logf("%d of %d pushes were acknowledged", reached, len(w.all)*len(w.all[0].steps(0)))
	p.kill() // if it was faster than the kill
	p.wait()
	w.settled()
	w.verify()
}

// steps are what each user goes through: made, disabled, given a title, put into a group, deleted.
func (u *pusher) steps(i int) []func(send) (string, error) {
	name := fmt.Sprintf("u%d@nordlicht.example", i)
	patch := func(ops string) func(send) (string, error) {
		return func(s send) (string, error) {
			return s("PATCH", "/Users/"+u.id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+ops+`]}`)
		}
	}
	return []func(send) (string, error){
		func(s send) (string, error) {
			return s("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`"}`)
		},
		patch(`{"op":"replace","value":{"active":false}}`),
		patch(`{"op":"add","path":"title","value":"gone"}`),
		func(s send) (string, error) {
			return s("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`","members":[{"value":"`+u.id+`"}]}`)
		},
		func(s send) (string, error) { return s("DELETE", "/Users/"+u.id, "") },
	}
}

// send sends a request and returns the id in what was acknowledged.
type send func(method, path, body string) (id string, err error)

func (w *pushed) push(i int) {
	u := &w.all[i]
	for n, step := range u.steps(i) {
		id, err := step(w.send)
		if err != nil {
			return // killed
		}
		if n == 0 {
			u.id = id
		}
		u.acked++
	}
}

func (w *pushed) send(method, path, body string) (string, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	status, answer, err := request(ctx, w.token, method, w.url+path, body)
	if err == nil && status >= 300 {
		w.t.Errorf("%s %s: %d %s", method, path, status, answer)
	}
	var made struct{ ID string }
	if err == nil && len(answer) > 0 {
		err = json.Unmarshal(answer, &made)
	}
	return made.ID, err
}

func request(ctx context.Context, token, method, address, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewBufferString(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// verify reads what the dead process left, through the same connector.
func (w *pushed) verify() {
	w.t.Helper()
	st, err := store.Open(w.state(), store.Options{})
	w.must(err)
	w.must(st.Check(w.t.Context()))
	settings := scim.New().(*scim.Settings)
	settings.People.Email = "userName"
	source, err := settings.Open(connectors.Env{Name: "okta", Docs: st.Shelves("okta"), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	w.must(err)
	server := httptest.NewServer(source.(connectors.Listener).Handle("", "/scim/okta/v2"))
	defer server.Close()
	for i := range w.all {
		u := &w.all[i]
		got := w.found(server.URL+"/scim/okta/v2", i)
		if got != u.acked && got != u.acked+1 {
			w.t.Errorf("user %d: %d steps were acknowledged, and what is there is that after %d", i, u.acked, got)
		}
	}
	w.must(st.Close())
}

// found says after how many steps a user is as it is there.
func (w *pushed) found(base string, i int) int {
	name := url.QueryEscape(fmt.Sprintf(`"u%d@nordlicht.example"`, i))
	ask := func(path string) string {
		_, answer, err := request(w.t.Context(), w.token, http.MethodGet, base+path, "")
		w.must(err)
		return string(answer)
	}
	user, group := ask("/Users?filter=userName+eq+"+name), ask("/Groups?filter=displayName+eq+"+name)
	is := func(text, part string) bool { return strings.Contains(text, part) }
	switch none := is(user, `"totalResults":0`); {
	case none && is(group, `"totalResults":0`):
		return 0
	case none && !is(group, `"value"`): // nobody is left in it
		return 5
	case is(user, `"active":true`):
		return 1
	case is(user, `"active":false`) && !is(user, `"title"`):
		return 2
	case is(user, `"title":"gone"`) && is(group, `"totalResults":0`):
		return 3
	case is(user, `"title":"gone"`) && is(group, `"value"`):
		return 4
	}
	return -1
}
