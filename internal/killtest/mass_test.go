//go:build unix

package killtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestThreeHundredPeopleWhomAProviderDisablesOneByOneAreHeldByTheLimit has the daemon give 300 people a group, and then the provider
// disable them all. Each one is a run of its own, far below any limit: what has been taken within the window counts.
func TestThreeHundredPeopleWhomAProviderDisablesOneByOneAreHeldByTheLimit(t *testing.T) {
	t.Parallel()
	const most = 20
	people := 300
	if watched { // the race detector makes it last; the one test command tries all of them without
		people = 60
	}
	w := newPushed(t)
	w.write("config.yaml", strings.Replace(w.read("config.yaml"), "mode: observe", "mode: full", 1)+
		fmt.Sprintf("limits: {window: 24h, disabled: {people: %d}, grants: {people: 1000}, removals: {people: 20}}\n", most))
	p := w.start(launching{}, nil, "run")
	if !p.says("providers can push") {
		t.Fatalf("nobody can push:\n%s", &p.out)
	}
	w.url = "http://" + regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(p.out.String())[1] + "/scim/okta/v2"
	ids := make([]string, people)
	for i := range ids {
		id, err := w.send("POST", "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"m%d@nordlicht.example"}`, i))
		w.must(err)
		ids[i] = id
	}
	w.until("all have the group", func() bool { return w.enabled() == people })
	for _, id := range ids {
		_, err := w.send("PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
		w.must(err)
	}
	w.until("the rest is held", func() bool { return strings.Contains(w.runs(0, "status").out.String(), "held for somebody to decide") })
	w.runs(3, "sync")
	if left := w.enabled(); left < people-most {
		t.Errorf("%d of %d can still open doors, the limit is %d", left, people, most)
	}
	p.kill()
	p.wait()
	w.kisi.CheckT(t)
}

// enabled counts the people of the provider who can open doors.
func (w *pushed) enabled() (n int) {
	world := w.kisi.World()
	for i := range world.Users {
		if u := &world.Users[i]; u.Access && strings.HasPrefix(u.Email, "m") && len(u.Grants) > 0 {
			n++
		}
	}
	return n
}

// until waits.
func (w *pushed) until(what string, is func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !is(); {
		if time.Now().After(end) {
			w.t.Fatalf("%s: not within %s; %d are enabled", what, patience, w.enabled())
		}
		<-time.After(50 * time.Millisecond)
	}
}
