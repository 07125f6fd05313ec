package kisisim

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestAZeroSimIsAnEmptyOrganization(t *testing.T) {
	var s Sim
	s.AddKey(s.AddUser(UserSpec{Email: "me@example.com", Name: "Me"}), "secret")
	r, err := http.NewRequest("GET", "http://kisi/organization", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "KISI-LOGIN secret")
	r.Header.Set("Accept", "application/json")
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || !strings.Contains(string(body), `"domain":"acme"`) {
		t.Errorf("%d %s %v", answer.StatusCode, body, err)
	}
	s.CheckT(t)
}

func TestCloseEndsHangingRequestsAndLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := Acme(Options{})
	server, err := c.Start()
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{Company: c, t: t, url: server.URL, key: c.Key}
	arrived := make(chan bool)
	c.Inject(Fault{Do: All(Call(func(*Sim) { close(arrived) }), Hang())})
	client := &http.Client{Transport: &http.Transport{}}
	failed := make(chan error)
	go func() {
		r, err := client.Do(k.request("GET", "/users", nil))
		if err == nil {
			r.Body.Close()
		}
		failed <- err
	}()
	<-arrived
	server.Close()
	if <-failed == nil {
		t.Error("the hanging request was answered")
	}
	server.Close()
	client.CloseIdleConnections()
}

func TestTheServerListensOnLoopback(t *testing.T) {
	k := visit(t, Assumptions{})
	host, _, err := net.SplitHostPort(strings.TrimPrefix(k.url, "http://"))
	if err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("serves on %s", k.url)
	}
}

func TestTheDateHeaderFollowsTheClock(t *testing.T) {
	k, clock := paced(t, Assumptions{})
	wantEqual(t, k.get("/login").header.Get("Date"), clock.now.Format(http.TimeFormat), "Date")
	wantEqual(t, k.get("/users?user_id=me").rows()[0]["created_at"], any("2026-11-02T09:30:00Z"), "created_at")
}

func TestManyCallersAtOnceDoNoHarm(t *testing.T) {
	k := visit(t, Assumptions{})
	k.Allow(Parallel)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				id := k.create(fmt.Sprintf("ana%d.%d@example.com", i, j), "Ana")
				k.let(id, "Contractors")
				k.World()
				k.Requests()
			}
		})
	}
	all.Wait()
	wantEqual(t, len(k.get(fmt.Sprintf("/role_assignments?applies_to_type=Group&applies_to_id=%d&limit=250", k.Groups["Contractors"])).rows()), 162, "rights")
}

func TestAThousandUsersAreCreatedInWellUnderASecond(t *testing.T) {
	k := visit(t, Assumptions{})
	begun := time.Now()
	for i := range 1000 {
		k.create(fmt.Sprintf("person%d@example.com", i), fmt.Sprint("Person ", i))
	}
	took := time.Since(begun)
	t.Logf("1,000 users in %v", took)
	if took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestTenThousandUsersAndThirtyThousandRightsAreReadBriskly(t *testing.T) {
	k := visit(t, Assumptions{})
	begun := time.Now()
	groups := []Ref{Group(k.Groups["Contractors"]), Group(k.Groups["Cleaning"]), Group(k.Groups["HQ / Entire place"])}
	for i := range 10000 {
		id := k.AddUser(UserSpec{Email: fmt.Sprintf("person%d@example.com", i), Name: fmt.Sprint("Person ", i)})
		for _, g := range groups {
			k.AddGrant(GrantSpec{To: User(id), On: g})
		}
	}
	seeded := time.Since(begun)
	users, rights := 0, 0
	for offset := 0; offset <= 10100; offset += 100 {
		users += len(k.get(fmt.Sprintf("/users?limit=100&offset=%d&sort=name", offset)).rows())
	}
	for _, g := range groups {
		for offset := 0; offset <= 10250; offset += 250 {
			rights += len(k.get(fmt.Sprintf("/role_assignments?applies_to_type=Group&applies_to_id=%d&limit=250&offset=%d&sort=user.name", g.ID, offset)).rows())
		}
	}
	took := time.Since(begun)
	t.Logf("seeded in %v, all read after %v", seeded, took)
	wantEqual(t, users, 10000+len(k.Users), "users")
	wantEqual(t, rights > 30000, true, "rights")
	if took > time.Minute { // quadratic work would take many
		t.Errorf("took %v", took)
	}
}
