package okta

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

func TestEachStatusMeansWhatTheTableSays(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	want := map[string]directory.Tri{
		"STAGED": directory.No, "PROVISIONED": directory.Yes, "ACTIVE": directory.Yes, "RECOVERY": directory.Yes, "PASSWORD_EXPIRED": directory.Yes,
		"LOCKED_OUT": directory.Yes, "SUSPENDED": directory.No, "DEPROVISIONED": directory.No,
	}
	for status := range want {
		o.AddUser(status, person(strings.ToLower(status)))
	}
	look := func(s *Settings) *connectortest.Reader {
		r := connectortest.Follow(t, o.open(s))
		r.Full()
		return r
	}
	r := look(o.settings())
	for status, active := range want {
		if got := r.Person(strings.ToLower(status) + "@example.com").Active(); got != active {
			t.Errorf("%s means %v, want %v", status, got, active)
		}
	}
	r = look(o.settings(func(s *Settings) { s.Statuses = map[string]string{"STAGED": "active", "LOCKED_OUT": "disabled"} }))
	if r.Person("staged@example.com").Active() != directory.Yes || r.Person("locked_out@example.com").Active() != directory.No {
		t.Error("the file's word on statuses is not heeded")
	}
}

func TestAStatusThatOktaAddsLaterDisablesNobodyAndIsRemarked(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	ana := o.AddUser("", person("ana"))
	r := connectortest.Follow(t, o.open(o.settings()))
	r.Full()
	o.Inject(simhttp.Fault{Pattern: oktasim.Users, Count: simhttp.Always, Do: simhttp.Rewrite("a new status", func(body []byte) []byte {
		return []byte(strings.ReplaceAll(string(body), `"ACTIVE"`, `"HIBERNATING"`))
	})})
	o.Change(ana, map[string]any{"title": "Lead"})
	r.Changes()
	if r.Person("ana@example.com").Active() == directory.No || len(r.Receipt.Remarks) != 1 || !strings.Contains(r.Receipt.Remarks[0], `"HIBERNATING"`) {
		t.Errorf("remarks: %q", r.Receipt.Remarks)
	}
}

func TestAttributesOfAllKindsBecomeText(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	profile := person("ana")
	for name, value := range map[string]any{"department": "IT", "badge": 4711, "share": 0.5, "remote": true, "floors": []any{"1", 2, nil, ""}, "none": nil, "empty": "", "odd": map[string]any{"x": 1}} {
		profile[name] = value
	}
	o.AddUser("", profile)
	r := connectortest.Follow(t, o.open(o.settings(), "badge", "department", "empty", "floors", "missing", "none", "odd", "remote", "share"))
	r.Full()
	ana := r.Person("ana@example.com")
	for name, want := range map[string][]string{"department": {"IT"}, "badge": {"4711"}, "share": {"0.5"}, "remote": {"true"}, "floors": {"1", "2"}, "none": {}, "empty": {}, "odd": {}, "missing": {}} {
		if got := ana.Values(name, []string{}); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestNameAndAddressComeFromWhereTheyAre(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.AddUser("", map[string]any{"login": "ana@corp.example", "email": "ana@example.com", "firstName": "Ana", "lastName": "Reis", "displayName": "Ana R."})
	o.AddUser("", map[string]any{"login": "bo@corp.example", "email": "bo@example.com", "firstName": "Bo", "lastName": nil})
	for word, want := range map[string][]string{"": {"ana@example.com", "bo@example.com"}, "login": {"ana@corp.example", "bo@corp.example"}} {
		r := connectortest.Follow(t, o.open(o.settings(func(s *Settings) { s.People.Email = word })))
		if r.Full(); !slices.Equal(r.People(), want) {
			t.Errorf("with %q: %v", word, r.People())
		}
		if a, b := r.Person(want[0]).Name(), r.Person(want[1]).Name(); a != "Ana R." || b != "Bo" {
			t.Errorf("names are %q and %q", a, b)
		}
	}
}

// crew fills an org with people, and with groups of so many members each.
func (o *org) crew(people int, groups ...int) (users, ids []string) {
	for n := range people {
		users = append(users, o.AddUser("", person(fmt.Sprintf("p%05d", n))))
	}
	for n, size := range groups {
		id := o.AddGroup(fmt.Sprintf("g%03d", n), "")
		o.SetMembers(id, users[:size]...)
		ids = append(ids, id)
	}
	return users, ids
}

func (o *org) counts() string {
	n := o.Counts()
	return fmt.Sprintf("%d users %d groups %d members %d logs", n[oktasim.Users], n[oktasim.Groups], n[oktasim.Members], n[oktasim.Logs])
}

func TestAFullReadTakesTheLeastCallsAndAnUnchangedOrgThree(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(1201, 0, 1, 3, 1000, 1001)
	r := connectortest.Follow(t, o.open(o.settings()))
	r.Full()
	if got := o.counts(); got != "7 users 1 groups 6 members 0 logs" || r.Receipt.Proof.Pages != 14 {
		t.Errorf("a full read took %s, %+v", got, r.Receipt.Proof)
	}
	o.clock.pass(time.Hour)
	r.Full()
	for range 3 {
		o.Forget()
		if r.Changes(); o.counts() != "1 users 1 groups 0 members 1 logs" || !r.Diff.Same() || r.Receipt.Coverage != directory.Delta {
			t.Errorf("nothing changed, and yet %s: %+v", o.counts(), r.Diff)
		}
	}
}

func TestAFullReadComesTogetherWithoutIncrements(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(10, 3)
	r := connectortest.Follow(t, o.open(o.settings(func(s *Settings) { s.Increments = false })))
	if r.Full(); !r.Receipt.Next.IsZero() || o.Count(oktasim.Logs) != 0 {
		t.Errorf("it left a position: %+v", r.Receipt)
	}
}

func TestTheBuiltInGroupIsReadOnRequestOnly(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(3)
	o.AddGroup("from Workday", "APP_GROUP")
	for _, c := range []struct {
		types []string
		want  int
		in    int // Everyone
	}{{nil, 1, 0}, {[]string{"BUILT_IN", "OKTA_GROUP"}, 1, 3}, {[]string{"BUILT_IN", "APP_GROUP"}, 2, 3}} {
		r := connectortest.Follow(t, o.open(o.settings(func(s *Settings) { s.Groups.Kinds = c.types })))
		if r.Full(); r.View().Groups() != c.want || len(r.Members("Everyone")) != c.in {
			t.Errorf("%v: %d groups, %v", c.types, r.View().Groups(), r.Members("Everyone"))
		}
	}
}

func TestOnlyTheGroupsOfTheAdminsSearchAreReadAndOneThatLeavesItIsGone(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	users, _ := o.crew(2)
	door := o.AddGroup("door-lab", "")
	o.AddGroup("lunch", "")
	o.SetMembers(door, users...)
	r := connectortest.Follow(t, o.open(o.settings(func(s *Settings) { s.Groups.Filter = `profile.name sw "door-"` })))
	if r.Full(); r.View().Groups() != 1 || len(r.Members("door-lab")) != 2 {
		t.Errorf("%d groups", r.View().Groups())
	}
	o.RenameGroup(door, "lab")
	if r.Changes(); r.View().Groups() != 0 {
		t.Errorf("%d groups", r.View().Groups())
	}
}

func TestWithoutTheLogDeletionsAreSeenByAFullRead(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	users, _ := o.crew(4)
	r := connectortest.Follow(t, o.open(o.settings(func(s *Settings) { s.SystemLog = false })))
	r.Full()
	o.Delete(users[0])
	if r.Changes(); len(r.People()) != 4 || o.Count(oktasim.Logs) != 0 {
		t.Errorf("%v are there", r.People())
	}
	if r.Full(); len(r.People()) != 3 {
		t.Errorf("%v are there", r.People())
	}
}

func TestWhatTheLogTellsLateIsHeardWithinTheOverlap(t *testing.T) {
	o := newOrg(t, oktasim.Options{LogLag: time.Minute})
	users, _ := o.crew(4)
	r := connectortest.Follow(t, o.open(o.settings()))
	r.Full()
	o.clock.pass(time.Hour)
	o.Delete(users[0])
	o.clock.pass(30 * time.Second)
	if r.Changes(); len(r.People()) != 4 {
		t.Errorf("too early: %v", r.People())
	}
	o.clock.pass(2 * time.Minute)
	if r.Changes(); len(r.People()) != 3 {
		t.Errorf("too late: %v", r.People())
	}
}

func TestALaggingIndexHidesNobodyForLong(t *testing.T) {
	o := newOrg(t, oktasim.Options{SearchLag: time.Minute})
	users, _ := o.crew(4)
	o.clock.pass(time.Hour)
	r := connectortest.Follow(t, o.open(o.settings(func(s *Settings) { s.People.Filter = `profile.userType ne "robot" or profile.lastName pr` }), "title"))
	r.Full()
	o.clock.pass(time.Hour)
	o.AddUser("", person("late"))
	o.Change(users[0], map[string]any{"title": "Lead"})
	if r.Changes(); len(r.People()) != 4 {
		t.Errorf("the index does not lag: %v", r.People())
	}
	o.clock.pass(2 * time.Minute)
	r.Changes()
	if r.SameAsFull(); len(r.People()) != 5 || len(r.Person("p00000@example.com").Values("title", nil)) != 1 {
		t.Errorf("%v", r.People())
	}
}

func TestWhoLeavesTheAdminsSearchIsGoneAndWhoComesIntoItIsThere(t *testing.T) {
	o := newOrg(t, oktasim.Options{Page: 2})
	users, _ := o.crew(5)
	for _, id := range users[:3] {
		o.Change(id, map[string]any{"userType": "Employee"})
	}
	r := connectortest.Follow(t, o.open(o.settings(func(s *Settings) { s.People.Filter = `profile.userType eq "Employee"` })))
	if r.Full(); len(r.People()) != 3 {
		t.Errorf("%v", r.People())
	}
	o.Change(users[0], map[string]any{"userType": "Robot"})
	o.Change(users[4], map[string]any{"userType": "Employee"})
	o.SetStatus(users[1], "DEPROVISIONED")
	r.Changes()
	if want := []string{"p00001@example.com", "p00002@example.com", "p00004@example.com"}; !slices.Equal(r.People(), want) || r.Diff.Deleted != 1 {
		t.Errorf("%v, %+v", r.People(), r.Diff)
	}
	if r.Person("p00001@example.com").Active() != directory.No {
		t.Error("who was deactivated is active")
	}
	r.SameAsFull()
}

// A group is read once more after its change has settled: the first time it may have been as it was.
func TestAGroupThatChangedJustNowIsReadOnceMore(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	users, groups := o.crew(3, 1, 1)
	o.clock.pass(time.Hour)
	r := connectortest.Follow(t, o.open(o.settings()))
	r.Full()
	stale := o.Inject(simhttp.Fault{Pattern: oktasim.Members, Do: simhttp.Rewrite("as it was", func([]byte) []byte { return []byte("[]") })})
	o.SetMembers(groups[0], users...)
	if r.Changes(); stale.Hits() != 1 || len(r.Members("g000")) != 0 {
		t.Errorf("%d hits, %v", stale.Hits(), r.Members("g000"))
	}
	o.clock.pass(time.Minute)
	if r.Changes(); len(r.Members("g000")) != 3 {
		t.Errorf("%v", r.Members("g000"))
	}
	o.clock.pass(time.Hour)
	r.Changes()
	o.Forget()
	if r.Changes(); o.Count(oktasim.Members) != 0 {
		t.Errorf("%d calls for members an hour later", o.Count(oktasim.Members))
	}
}

func TestAGroupThatGoesWhileItIsReadIsNotThere(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	_, groups := o.crew(3, 1, 2)
	o.Inject(simhttp.Fault{Pattern: oktasim.Members, Where: func(c simhttp.Call) bool { return strings.Contains(c.Path, groups[1]) },
		Do: simhttp.Do("deleted meanwhile", func() { o.DeleteGroup(groups[1]) })})
	r := connectortest.Follow(t, o.open(o.settings()))
	if r.Full(); r.View().Groups() != 1 || r.Members("g000") == nil {
		t.Errorf("%d groups", r.View().Groups())
	}
}

func TestAnOldPositionIsNotUsed(t *testing.T) {
	o := newOrg(t, oktasim.Options{})
	o.crew(2)
	r := connectortest.Follow(t, o.open(o.settings()))
	r.Full()
	o.clock.pass(29 * 24 * time.Hour)
	if r.Changes(); r.Receipt.Coverage != directory.Delta {
		t.Error("a position of four weeks is not used")
	}
	o.clock.pass(31 * 24 * time.Hour)
	if r.Changes(); r.Receipt.Coverage != directory.Complete {
		t.Error("a position of more than thirty days is used")
	}
}

// What goes wrong on the way either does not show, or ends the read.
func TestFaultsNeverMakeAPartOfTheWhole(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    simhttp.Action
		count int
		good  bool
	}{
		{"busy once", simhttp.Later(429, 1), 1, true},
		{"unavailable once", simhttp.Later(503, 1), 1, true},
		{"an error once", simhttp.Answer(500, `{"errorCode":"E0000009"}`, nil), 1, true},
		{"a cut answer once", simhttp.Cut(), 1, true},
		{"refused", simhttp.Answer(403, `{"errorCode":"E0000006"}`, nil), simhttp.Always, false},
		{"not found", simhttp.Answer(404, `{"errorCode":"E0000007"}`, nil), simhttp.Always, false},
		{"half an answer that looks whole", simhttp.Half(), simhttp.Always, false},
		{"a page to log in", simhttp.LoginPage(), simhttp.Always, false},
		{"an object instead of a list", simhttp.Answer(200, `{}`, nil), simhttp.Always, false},
		{"a redirect", simhttp.Answer(302, "", http.Header{"Location": {"https://elsewhere.example"}}), simhttp.Always, false},
	} {
		for pattern, nth := range map[string]int{oktasim.Users: 2, oktasim.Groups: 1, oktasim.Members: 1} {
			if c.name == "not found" && pattern == oktasim.Members {
				continue // a group that is gone
			}
			t.Run(c.name+" "+pattern, func(t *testing.T) {
				t.Parallel()
				o := newOrg(t, oktasim.Options{Page: 4})
				o.crew(10, 6)
				o.Inject(simhttp.Fault{Pattern: pattern, Nth: nth, Count: c.count, Do: c.do})
				r := connectortest.Follow(t, o.open(o.settings()))
				if c.good {
					if r.Full(); len(r.People()) != 10 || len(r.Members("g000")) != 6 {
						t.Errorf("%v and %v", r.People(), r.Members("g000"))
					}
					return
				}
				receipt, err := r.Source.Fetch(t.Context(), directory.Cursor{}, func(*directory.Record) error { return nil })
				if err == nil || receipt.Coverage != 0 || strings.Contains(err.Error(), "password") {
					t.Errorf("%+v, %v", receipt, err)
				}
			})
		}
	}
}

func TestTheErrorOfPutComesBackAsItIsAlsoWhileOthersRead(t *testing.T) {
	o := newOrg(t, oktasim.Options{Page: 2})
	o.crew(20, 5, 5, 5, 5)
	enough := errors.New("enough")
	_, err := o.open(o.settings()).Fetch(t.Context(), directory.Cursor{}, func(r *directory.Record) error {
		if r.Kind == directory.MembersFrom {
			return enough
		}
		return nil
	})
	if err != enough {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = o.open(o.settings()).Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
