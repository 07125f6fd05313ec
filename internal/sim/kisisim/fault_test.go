package kisisim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFaultHitsTheRequestsItNames(t *testing.T) {
	k := visit(t, Assumptions{})
	in := k.Inject(Fault{Method: "GET", Path: "/users/{id}", Nth: 2, Count: 2, Do: Unavailable()})
	path := fmt.Sprintf("/users/%d", k.Owner)
	for i, want := range []int{200, 503, 503, 200} {
		wantEqual(t, k.do("GET", path, nil).status, want, fmt.Sprint("request ", i+1))
		wantEqual(t, k.do("GET", "/users", nil).status, 200, "the list")
	}
	wantEqual(t, in.Hits(), 2, "hits")
}

func TestAFaultMayLastAndBeRemoved(t *testing.T) {
	k := visit(t, Assumptions{})
	in := k.Inject(Fault{Count: Always, Do: Status(500)})
	for range 3 {
		k.want(500, "GET", "/login", nil)
	}
	in.Remove()
	k.want(200, "GET", "/login", nil)
}

func TestAFaultMayLookAtTheRequest(t *testing.T) {
	k := visit(t, Assumptions{})
	k.Inject(Fault{Path: "/users", Where: func(r Request) bool { return r.Query.Get("offset") == "5" }, Do: Status(500)})
	k.want(200, "GET", "/users?offset=0", nil)
	k.want(500, "GET", "/users?offset=5", nil)
	k.Inject(Fault{Where: func(r Request) bool { return strings.Contains(string(r.Body), "bob@") }, Do: Unprocessable()})
	k.create("ana@example.com", "Ana")
	k.want(422, "POST", "/users", newUser("bob@example.com", "Bob")).wantBody(`{"errors":{}}`)
	wantEqual(t, k.UserID("bob@example.com"), 0, "bob")
}

func TestAnswersInsteadOfKisis(t *testing.T) {
	for name, c := range map[string]struct {
		do     Action
		status int
		begins string
	}{
		"503":        {Unavailable(), 503, `{"code":"000503"`},
		"502":        {BadGateway(), 502, "<html>"},
		"login page": {LoginPage(), 200, "<!DOCTYPE html>"},
		"404":        {Gone(), 404, `{"code":"000404"`},
		"401":        {Revoke(), 401, `{"code":"afc516"`},
		"429":        {TooMany(time.Second), 429, `{"code":"000429"`},
		"422":        {Unprocessable(), 422, `{"errors":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{})
			k.Inject(Fault{Method: "POST", Path: "/users", Do: c.do})
			r := k.want(c.status, "POST", "/users", newUser("ana@example.com", "Ana"))
			if !strings.HasPrefix(string(r.raw), c.begins) {
				t.Errorf("body %s", r.raw)
			}
			wantEqual(t, k.UserID("ana@example.com"), 0, "user")
		})
	}
}

func TestARevokedKeyStaysRevoked(t *testing.T) {
	k := visit(t, Assumptions{})
	k.Inject(Fault{Path: "/users", Nth: 2, Do: Revoke()})
	k.want(200, "GET", "/users", nil)
	k.want(401, "GET", "/users", nil)
	k.want(401, "GET", "/roles", nil)
}

func TestALogOfWhatHappened(t *testing.T) {
	k := visit(t, Assumptions{})
	k.Inject(Fault{Method: "POST", Do: CutAfter()})
	if _, err := k.try("POST", "/users", newUser("ana@example.com", "Ana")); err == nil {
		t.Fatal("the connection held")
	}
	k.get("/users?email=ana@example.com")
	log := k.Requests()
	wantEqual(t, len(log), 2, "requests")
	wantEqual(t, log[0].Status, 0, "status of the cut")
	wantEqual(t, strings.Join(log[0].Faults, ","), "cut after", "faults")
	wantEqual(t, log[1].Query.Get("email"), "ana@example.com", "query")
	wantEqual(t, log[1].Header.Get("Authorization"), "", "the key in the log")
	if !strings.Contains(string(log[0].Body), `"ana@example.com"`) {
		t.Errorf("body %s", log[0].Body)
	}
	wantEqual(t, len(k.Writes()), 1, "writes")
	k.ResetLog()
	wantEqual(t, len(k.Requests()), 0, "after the reset")
	wantEqual(t, k.Counts().ByRoute["POST /users"], 1, "counts")
}

func TestConnectionsAreCutBeforeAndAfterTheChange(t *testing.T) {
	for name, c := range map[string]struct {
		do      Action
		changed bool
	}{
		"before": {CutBefore(), false},
		"after":  {CutAfter(), true},
		"middle": {CutMiddle(), true},
	} {
		for _, network := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " network ", network), func(t *testing.T) {
				k := visit(t, Assumptions{})
				k.Inject(Fault{Method: "POST", Do: c.do})
				client := http.DefaultClient
				if !network {
					client = k.Client()
				}
				r, err := client.Do(k.request("POST", "/users", newUser("ana@example.com", "Ana")))
				if err == nil {
					_, err = io.ReadAll(r.Body)
					r.Body.Close()
				}
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("error %v", err)
				}
				wantEqual(t, k.UserID("ana@example.com") != 0, c.changed, "created")
			})
		}
	}
}

func TestAHangingAnswerComesAfterTheChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Acme(Options{})
		k := &kit{Company: c, t: t, url: "http://kisi", key: c.Key}
		k.Inject(Fault{Method: "POST", Do: Hang()})
		client := c.Client()
		client.Timeout = 30 * time.Second
		begun := time.Now()
		_, err := client.Do(k.request("POST", "/users", newUser("ana@example.com", "Ana")))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		wantEqual(t, time.Since(begun), 30*time.Second, "patience")
		wantEqual(t, k.UserID("ana@example.com") != 0, true, "created")
		c.CheckT(t)
	})
}

func TestASlowAnswerComesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Acme(Options{})
		k := &kit{Company: c, t: t, url: "http://kisi", key: c.Key}
		k.Inject(Fault{Do: Slow(7 * time.Second)})
		begun := time.Now()
		r, err := c.Client().Do(k.request("GET", "/users", nil))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		wantEqual(t, time.Since(begun), 7*time.Second, "time")
		c.CheckT(t)
	})
}

func TestTwoDaysOfWorkTakeNoTimeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Acme(Options{})
		k := &kit{Company: c, t: t, url: "http://kisi", key: c.Key}
		for range 50 {
			r, err := c.Client().Do(k.request("GET", "/login", nil))
			if err != nil || r.StatusCode != 200 {
				t.Fatalf("%v %v", r, err)
			}
			r.Body.Close()
			time.Sleep(time.Second / 4) // synctest's clock: the pace of a careful client
		}
		c.CheckT(t)
	})
}

func TestRowsComeAndGoBetweenPages(t *testing.T) {
	k := visit(t, Assumptions{})
	first := k.get("/users?limit=5&sort=name")
	k.Inject(Fault{Path: "/users", Do: Call(func(s *Sim) { s.DeleteUser(k.Users["aiko.tanaka@audit.example"]) })})
	second := k.get("/users?limit=5&offset=5&sort=name")
	seen := append(first.column("id"), second.column("id")...)
	wantEqual(t, len(seen), len(k.Users)-1, "rows seen")
	if slices.Contains(seen, fmt.Sprint(k.Users["kisi-sync@example.com"])) {
		t.Error("the sixth row moved to the first page and should have been missed")
	}
	_, before, _ := strings.Cut(first.header.Get("X-Collection-Range"), "/")
	_, after, _ := strings.Cut(second.header.Get("X-Collection-Range"), "/")
	wantEqual(t, atoi(t, before)-atoi(t, after), 1, "totals")
}

func TestSpoiltRows(t *testing.T) {
	spoil := func(do Action) reply {
		k := visit(t, Assumptions{})
		k.Inject(Fault{Path: "/users", Do: do})
		return k.get("/users?limit=5&offset=5&sort=name")
	}
	if row := spoil(NullFields("email", "name")).rows()[0]; row["email"] != nil || row["name"] != nil || row["id"] == nil {
		t.Errorf("null fields: %v", row)
	}
	if _, there := spoil(DropFields("email")).rows()[4]["email"]; there {
		t.Error("email was dropped")
	}
	if row := spoil(ExtraFields()).rows()[0]; row["brand_new"] == nil {
		t.Errorf("extra fields: %v", row)
	}
	r := spoil(LoseRows(2))
	wantEqual(t, len(r.rows()), 3, "rows left")
	wantEqual(t, r.header.Get("X-Collection-Range"), "5-9/11", "range")
	wantEqual(t, spoil(WrongTotal(-1)).header.Get("X-Collection-Range"), "5-9/10", "wrong total")
	wantEqual(t, spoil(NoTotal()).header.Get("X-Collection-Range"), "", "no total")
	r = spoil(HideRows("some", func(row map[string]any) bool { return row["name"] == spoil(ExtraFields()).rows()[1]["name"] }))
	wantEqual(t, len(r.rows()), 4, "rows shown")
	wantEqual(t, r.header.Get("X-Collection-Range"), "5-9/10", "range of what is shown")
	r = spoil(EmptyList())
	wantEqual(t, string(r.raw)+r.header.Get("X-Collection-Range"), "[]*/0", "empty list")
	if r := spoil(Truncate()); json.Valid(r.raw) || len(r.raw) == 0 {
		t.Errorf("truncated: %s", r.raw)
	}
}

func TestARowIsRepeatedAcrossPages(t *testing.T) {
	k := visit(t, Assumptions{})
	last := k.get("/users?limit=5&sort=name").column("id")[4]
	k.Inject(Fault{Path: "/users", Do: RepeatRow()})
	wantEqual(t, k.get("/users?limit=5&offset=5&sort=name").column("id")[0], last, "first row of the second page")
	k.Inject(Fault{Path: "/users", Do: RepeatRow()})
	ids := k.get("/users?limit=5&sort=name").column("id")
	wantEqual(t, ids[1], ids[0], "second row of a first page")
}

func TestOneObjectIsSpoiltToo(t *testing.T) {
	k := visit(t, Assumptions{})
	k.Inject(Fault{Method: "POST", Do: NullFields("id")})
	r := k.want(200, "POST", "/users", newUser("ana@example.com", "Ana"))
	wantEqual(t, r.object()["id"], nil, "id")
}

func TestTheEndOfAnEndpointIsAnnounced(t *testing.T) {
	k := visit(t, Assumptions{})
	k.Inject(Fault{Do: Deprecated(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))})
	r := k.get("/users")
	wantEqual(t, r.header.Get("Sunset"), "Mon, 01 Mar 2027 00:00:00 GMT", "Sunset")
	wantEqual(t, r.header.Get("Deprecation"), "@1788220800", "Deprecation")
}

func TestFaultsAddUp(t *testing.T) {
	k := visit(t, Assumptions{})
	k.Inject(Fault{Path: "/users", Do: All(WrongTotal(1), Header("X-Note", "a"))})
	k.Inject(Fault{Path: "/users", Do: WrongTotal(1)})
	r := k.get("/users")
	wantEqual(t, r.header.Get("X-Collection-Range"), "0-49/13", "range")
	wantEqual(t, r.header.Get("X-Note"), "a", "note")
	wantEqual(t, strings.Join(k.Requests()[0].Faults, "; "), "total +1, header X-Note; total +1", "names")
}

func TestARefusedRequestMeetsNoFault(t *testing.T) {
	k, _ := paced(t, Assumptions{})
	k.statuses(5)
	in := k.Inject(Fault{Do: Status(500)})
	k.want(429, "GET", "/login", nil)
	wantEqual(t, in.Hits(), 0, "hits")
	k.Allow(OverRate)
}

func TestHooksSurroundEveryRequest(t *testing.T) {
	var seen []string
	k := visit(t, Assumptions{})
	k.OnRequest(func(method, path string) {
		seen = append(seen, fmt.Sprint(method, " ", path, " user ", k.UserID("ana@example.com") != 0))
	})
	k.OnAnswer(func(method, path string, status int) {
		seen = append(seen, fmt.Sprint(method, " ", path, " ", status, " user ", k.UserID("ana@example.com") != 0))
	})
	k.create("ana@example.com", "Ana")
	wantEqual(t, strings.Join(seen, "; "), "POST /users user false; POST /users 200 user true", "hooks")
}
