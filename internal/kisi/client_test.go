package kisi_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

func TestAClientNeedsAKeyAndASafeAddress(t *testing.T) {
	for _, bad := range []kisi.Options{
		{},
		{Key: key("k"), URL: "http://api.kisi.io"},
		{Key: key("k"), URL: "https://api.kisi.io/v1"},
		{Key: key("k"), Pace: pacer.Options{Rate: 7}},
	} {
		if _, err := kisi.New(bad); err == nil {
			t.Errorf("%+v was accepted", bad.URL)
		}
	}
	for _, rate := range []float64{0, 1, 4, 5} {
		if _, err := kisi.New(kisi.Options{Key: key("k"), Pace: pacer.Options{Rate: rate}}); err != nil {
			t.Errorf("rate %g: %v", rate, err)
		}
	}
}

func TestTheFirstLoadWastesNothing(t *testing.T) {
	const people, groups = 1000, 3
	synctest.Test(t, func(t *testing.T) {
		company := kisisim.Acme(kisisim.Options{})
		b := newBench(t, company, pacer.Options{Rate: 5})
		started := time.Now()
		b.observe(t, access.Scope{All: true})
		reads := len(b.Requests())
		var ids []access.RemoteID
		for g := range groups {
			ids = append(ids, b.do(t, of(access.CreateGroup, access.ObjectKey{GroupName: fmt.Sprint("Group ", g)}, &access.Fields{})).ID)
		}
		for i := range people {
			change := ana()
			change.After.Email = fmt.Sprintf("person%d@example.com", i)
			member := b.do(t, change).ID
			for _, group := range ids {
				b.do(t, grant(member, group, time.Time{}))
			}
		}
		needed := reads + groups + people + people*groups
		made, took := b.Counts().Requests, time.Since(started)
		share := float64(made) / took.Seconds() / 5
		t.Logf("%d calls made for %d needed, %.1f %% of the rate used, %d times 429", made, needed, 100*share, b.Counts().TooMany)
		if made != needed || share < 0.95 || b.Counts().TooMany != 0 {
			t.Error("calls, rate or refusals are not as they should be")
		}
		company.CheckT(t)
	})
}

func TestEverythingWorksOverANetworkToo(t *testing.T) {
	company := kisisim.Acme(kisisim.Options{Rate: -1})
	server, err := company.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	client := newClient(t, kisi.Options{URL: server.URL, Key: key(company.Key), Pace: pacer.Options{
		Rate: 1000, Quota: 1000, FirstWait: time.Millisecond, LongestWait: time.Millisecond,
	}})
	b := &bench{Company: company, client: client, target: kisi.NewTarget(client)}
	group := b.checkGroups(t)
	member := b.checkMember(t)
	b.checkRights(t, member, group)
	company.Inject(kisisim.Fault{Method: "POST", Path: "/users", Do: kisisim.CutAfter()})
	change := ana()
	change.After.Email = "cut@example.com"
	if _, err := b.target.Do(t.Context(), access.Call{Change: change}); !isOnly(err, access.ErrUnknownOutcome) {
		t.Errorf("a cut create: %v", err)
	}
	if n := company.Counts().ByRoute["POST /users"]; n != 2 {
		t.Errorf("%d creates, want 2", n)
	}
	server.Close()
	if _, err := b.target.Do(t.Context(), access.Call{Change: change}); !isOnly(err, access.ErrStop) {
		t.Errorf("with Kisi gone: %v", err)
	}
	company.CheckT(t)
}

func TestNoForbiddenCallHasAWayOut(t *testing.T) {
	withAcme(t, kisisim.Options{}, func(t *testing.T, b *bench) {
		if _, err := b.client.User(t.Context(), -7); !isOnly(err, access.ErrGone) {
			t.Errorf("a strange id: %v", err) // "-7" is an identifier; Kisi says 404
		}
		for _, r := range b.Requests() {
			if r.Method == http.MethodDelete && strings.HasPrefix(r.Path, "/users") || strings.HasPrefix(r.Path, "/members") {
				t.Errorf("%s %s left", r.Method, r.Path)
			}
		}
		b.Allow(kisisim.OutsideSet)
	})
}

func TestAnnouncedEndsAreRememberedAndLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		company := kisisim.Acme(kisisim.Options{})
		var log bytes.Buffer
		client := newClient(t, kisi.Options{
			Key: key(company.Key), Pace: pacer.Options{Base: company.Transport()}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		end := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		company.Inject(kisisim.Fault{Path: "/users/{id}", Count: kisisim.Always, Do: kisisim.Deprecated(end)})
		for _, id := range company.Admins {
			if _, err := client.User(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		got := client.Sunsets()
		if len(got) != 1 || got[0].Call != "GET /users/{id}" || !got[0].Date.Equal(end) || got[0].Deprecation == "" {
			t.Errorf("got %+v", got)
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, log.String())
		}
	})
}

func TestTheLogNamesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		company := kisisim.Acme(kisisim.Options{})
		var log bytes.Buffer
		client := newClient(t, kisi.Options{
			Key: key(company.Key), Pace: pacer.Options{Base: company.Transport()},
			Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		target := kisi.NewTarget(client)
		company.Inject(kisisim.Fault{Path: "/users", Do: kisisim.LoseRows(1)})
		if _, err := target.Observe(t.Context(), access.Scope{Emails: []string{"petra.krueger@glanz.example"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := target.Do(t.Context(), access.Call{Change: ana()}); err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"petra", "ana", "Kova", company.Key} {
			if strings.Contains(log.String(), private) {
				t.Errorf("the log holds %q:\n%s", private, log.String())
			}
		}
	})
}

func TestAddressesAreComparedWholeAndFolded(t *testing.T) {
	for _, assume := range []kisisim.Assumptions{{}, {PartialEmail: true}} {
		withAcme(t, kisisim.Options{Assume: assume}, func(t *testing.T, b *bench) {
			b.AddUser(kisisim.UserSpec{Email: "Lena@Example.com", Name: "Lena"})
			b.AddUser(kisisim.UserSpec{Email: "helena@example.com", Name: "Helena"})
			for address, want := range map[string]int{"lena@example.com": 1, " LENA@example.COM ": 1, "ena@example.com": 0, "": 0} {
				got, err := b.client.UsersByEmail(t.Context(), address)
				if err != nil || len(got) != want {
					t.Errorf("%q: %d users, %v", address, len(got), err)
				}
			}
		})
	}
}

// letterPerfect is a Kisi whose e-mail filter minds the case (§12.14).
type letterPerfect struct{ http.RoundTripper }

func (l letterPerfect) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	if address := q.Get("email"); address != "" {
		r = r.Clone(r.Context())
		q.Set("email", "exactly."+address)
		r.URL.RawQuery = q.Encode()
	}
	return l.RoundTripper.RoundTrip(r)
}

func TestAnAddressInOtherLettersIsFoundBySearching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		company := kisisim.Acme(kisisim.Options{})
		id := company.AddUser(kisisim.UserSpec{Email: "Lena@Example.com", Name: "Lena"})
		b := newBench(t, company, pacer.Options{Base: letterPerfect{company.Transport()}})
		got, err := b.client.UsersByEmail(t.Context(), "lena@example.com")
		if err != nil || len(got) != 1 || got[0].ID != id {
			t.Errorf("got %+v, %v", got, err)
		}
		company.CheckT(t)
	})
}

func TestMetadataOfOthersSurvivesAStamp(t *testing.T) {
	for _, assume := range []kisisim.Assumptions{{}, {MergeMetadata: true}} {
		withAcme(t, kisisim.Options{Assume: assume}, func(t *testing.T, b *bench) {
			id := b.Users["petra.krueger@glanz.example"]
			b.AdoptUser(id)
			foreign := map[string]any{}
			for i := range 49 {
				foreign[fmt.Sprint("key", i)] = strings.Repeat("v", 500)
			}
			b.SetMetadata(id, foreign)
			change := kisi.UserChange{Metadata: []kisi.Pair{{Key: "anchor", Value: strings.Repeat("a", 900)}, {Key: "installation", Value: "berlin-1"}}}
			for range 2 {
				if err := b.client.PatchUser(t.Context(), id, change); err != nil {
					t.Fatal(err)
				}
			}
			user, _ := b.World().User("petra.krueger@glanz.example")
			if len(user.Metadata) != 50 || user.Metadata["anchor"] == nil || user.Metadata["key48"] != foreign["key48"] {
				t.Errorf("%d keys", len(user.Metadata))
			}
		})
	}
}
