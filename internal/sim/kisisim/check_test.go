package kisisim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestWhatWasMadeByHandIsForeign(t *testing.T) {
	petra, sam := "petra.krueger@glanz.example", "sam.okafor@example.com"
	group := func(k *kit, name string) string { return fmt.Sprintf("/groups/%d", k.Groups[name]) }
	user := func(k *kit, email string) string { return fmt.Sprintf("/users/%d", k.Users[email]) }
	right := func(k *kit, email, name string) string {
		return fmt.Sprintf("/role_assignments/%d", k.GrantID(User(k.Users[email]), Group(k.Groups[name])))
	}
	for name, act := range map[string]func(*kit){
		"a user is renamed": func(k *kit) { k.want(204, "PATCH", user(k, petra), `{"user":{"name":"x"}}`) },
		"a user is deleted": func(k *kit) { k.want(204, "DELETE", user(k, sam), nil) },
		"a right is changed": func(k *kit) {
			k.want(204, "PATCH", right(k, petra, "Cleaning"), `{"role_assignment":{"notify":false}}`)
		},
		"a right is deleted": func(k *kit) { k.want(204, "DELETE", right(k, petra, "Cleaning"), nil) },
		"a group is renamed": func(k *kit) { k.want(204, "PATCH", group(k, "Cleaning"), `{"group":{"name":"x"}}`) },
		"a door is added": func(k *kit) {
			k.want(200, "POST", "/group_locks", map[string]any{"group_lock": map[string]any{"group_id": k.Groups["Cleaning"], "lock_id": k.Doors["HQ / Roof"]}})
		},
		"a door is removed": func(k *kit) {
			id := idOf(k.get(fmt.Sprintf("/group_locks?group_id=%d", k.Groups["Cleaning"])).rows()[0])
			k.want(204, "DELETE", fmt.Sprintf("/group_locks/%d", id), nil)
		},
		"a stop is added": func(k *kit) {
			k.want(200, "POST", fmt.Sprintf("/group_elevator_stops?group_id=%d", k.Groups["Cleaning"]),
				map[string]any{"group_elevator_stop": map[string]any{"elevator_stop_id": k.Stops["HQ / Lift A / Floor 3"]}})
		},
		"a stop is removed": func(k *kit) {
			id := idOf(k.get(fmt.Sprintf("/group_elevator_stops?group_id=%d", k.Groups["HQ / Server Room"])).rows()[0])
			k.want(204, "DELETE", fmt.Sprintf("/group_elevator_stops/%d", id), nil)
		},
		"an administrator is suspended, though adopted": func(k *kit) {
			k.AdoptUser(k.Admins[0])
			k.want(204, "PATCH", fmt.Sprintf("/users/%d", k.Admins[0]), `{"user":{"access_enabled":false}}`)
		},
		"the key's own user is renamed, though adopted": func(k *kit) {
			k.AdoptUser(k.KeyUser)
			k.want(204, "PATCH", fmt.Sprintf("/users/%d", k.KeyUser), `{"user":{"name":"x"}}`)
		},
		"the owner is renamed, though adopted": func(k *kit) {
			k.AdoptUser(k.Owner)
			k.want(403, "PATCH", fmt.Sprintf("/users/%d", k.Owner), `{"user":{"name":"x"}}`)
		},
		"a suspension by hand is lifted": func(k *kit) {
			id := k.create("ana@example.com", "Ana")
			k.SuspendUser(id)
			k.want(204, "PATCH", fmt.Sprintf("/users/%d", id), `{"user":{"access_enabled":true}}`)
		},
		"a right is given to a team": func(k *kit) {
			team := idOf(k.get("/teams").rows()[0])
			k.want(200, "POST", "/role_assignments", newRight(team, k.Groups["Cleaning"], "assignee_type", "Team"))
		},
		"somebody is let into a protected group": func(k *kit) {
			k.ProtectGroup(k.Groups["Cleaning"])
			k.let(k.create("ana@example.com", "Ana"), "Cleaning")
		},
		"a right by hand goes with a group of ours": func(k *kit) {
			id := k.want(200, "POST", "/groups", `{"group":{"name":"New"}}`).id()
			k.AddGrant(GrantSpec{To: User(k.Users[petra]), On: Group(id)})
			k.want(204, "DELETE", fmt.Sprintf("/groups/%d", id), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{})
			act(k)
			k.wantBroken(ForeignTouched)
		})
	}
}

func TestARoleOnTheOrganizationIsARuleOfItsOwn(t *testing.T) {
	k := visit(t, Assumptions{})
	k.want(200, "POST", "/role_assignments", newRight(k.create("ana@example.com", "Ana"), k.OrganizationRef().ID,
		"applies_to_type", "Organization", "role_id", "observer"))
	k.wantBroken(RoleGiven)
}

func TestWhatIsAdoptedOrOursMayBeTouched(t *testing.T) {
	k := visit(t, Assumptions{})
	petra := k.Users["petra.krueger@glanz.example"]
	right := k.GrantID(User(petra), Group(k.Groups["Cleaning"]))
	k.AdoptUser(petra)
	k.AdoptGrant(right)
	k.AdoptGroup(k.Groups["Cleaning"])
	k.want(204, "PATCH", fmt.Sprintf("/users/%d", petra), `{"user":{"name":"x"}}`)
	k.want(204, "DELETE", fmt.Sprintf("/role_assignments/%d", right), nil)
	k.want(204, "PATCH", fmt.Sprintf("/groups/%d", k.Groups["Cleaning"]), `{"group":{"name":"x"}}`)
	for _, id := range k.get(fmt.Sprintf("/group_locks?group_id=%d", k.Groups["Cleaning"])).column("id") {
		k.want(204, "DELETE", "/group_locks/"+id, nil)
	}
	ana := k.create("ana@example.com", "Ana")
	k.let(ana, "Contractors")
	k.let(k.Users["sam.okafor@example.com"], "Contractors") // a right of ours for a hand-made user
	k.let(k.Admins[0], "Contractors")                       // and for an administrator
	k.want(204, "PATCH", fmt.Sprintf("/users/%d", ana), `{"user":{"access_enabled":false}}`)
	k.want(204, "PATCH", fmt.Sprintf("/users/%d", ana), `{"user":{"access_enabled":true}}`)
	k.want(204, "DELETE", fmt.Sprintf("/users/%d", ana), nil)
}

func TestARightGivenTwiceIsNoticedInTheEndStateOnly(t *testing.T) {
	k := visit(t, Assumptions{DuplicateRight: RightAlwaysCreated})
	ana := k.create("ana@example.com", "Ana")
	k.let(ana, "Contractors")
	second := k.let(ana, "Contractors")
	if err := k.Check(); err == nil || !strings.Contains(err.Error(), "duplicate right") {
		t.Errorf("check says %v", err)
	}
	k.want(204, "DELETE", fmt.Sprintf("/role_assignments/%d", second), nil)
	if err := k.Check(); err != nil {
		t.Errorf("after it was taken back: %v", err)
	}
	k.AddGrant(GrantSpec{To: User(ana), On: Group(k.Groups["Contractors"])}) // by hand on top of ours: not our fault
}

func TestMailsAreNoticedUnlessWanted(t *testing.T) {
	invite := func(k *kit, email string) {
		body := newUser(email, "Ana")
		body["user"].(map[string]any)["send_emails"] = true
		k.want(200, "POST", "/users", body)
	}
	k := visit(t, Assumptions{})
	invite(k, "ana@example.com")
	k.wantBroken(UnaskedMail)

	k = visit(t, Assumptions{})
	k.WantMail(func(m Mail) bool { return m.Kind == Invitation })
	invite(k, "ana@example.com")

	k = visit(t, Assumptions{})
	k.WantMail(func(Mail) bool { return true })
	k.want(200, "POST", "/users", `{"user":{"email":"ana@example.com"}}`)
	k.wantBroken(UnaskedMail) // wanted, but nobody asked Kisi for it
}

func TestRequestsInParallelAreNoticed(t *testing.T) {
	k := visit(t, Assumptions{})
	inside, release, done := make(chan bool), make(chan bool), make(chan bool)
	k.Inject(Fault{Path: "/users", Do: Call(func(*Sim) { inside <- true; <-release })})
	go func() {
		defer close(done)
		r, err := http.DefaultClient.Do(k.request("GET", "/users", nil))
		if err == nil {
			r.Body.Close()
		}
	}()
	<-inside
	k.get("/roles")
	close(release)
	<-done
	k.wantBroken(Parallel)
}

func TestSequentialRequestsAreNotInParallel(t *testing.T) {
	k := visit(t, Assumptions{})
	for range 300 {
		k.get("/role_assignments?limit=250")
	}
}

func TestShapesThatTheNotesDoNotAllowAreNoticed(t *testing.T) {
	for body, status := range map[string]int{
		`{"role_assignment":{"applies_to_type":"Group","applies_to_id":"%d","assignee_type":"User","assignee_id":%d,"role_id":"group_basic","notify":false}}`:                                         200,
		`{"role_assignment":{"applies_to_type":"Group","applies_to_id":%d,"assignee_type":"User","assignee_id":%d,"role_id":"group_basic","notify":false,"valid_until":"2099-01-01T00:00:00+01:00"}}`: 200,
		`{"role_assignment":{"applies_to_type":"Group","applies_to_id":%d,"assignee_type":"User","assignee_id":%d,"role_id":"group_basic","notify":false,"valid_until":"2099-01-01T00:00:00.123Z"}}`:  200,
		`{"role_assignment":{"applies_to_type":"Group","applies_to_id":%d,"assignee_type":"User","assignee_id":%d,"role_id":"group_basic","notify":false,"expires":"2099-01-01T00:00:00Z"}}`:          200,
		`{"role_assignment":{"applies_to_type":"Group","applies_to_id":%d,"assignee_type":"User","assignee_id":%d,"role_id":"group_basic","notify":"no"}}`:                                            422,
	} {
		k := visit(t, Assumptions{})
		k.want(status, "POST", "/role_assignments", fmt.Sprintf(body, k.Groups["Contractors"], k.create("ana@example.com", "Ana")))
		k.wantBroken(BadShape)
	}
	k := visit(t, Assumptions{})
	k.want(204, "DELETE", fmt.Sprintf("/users/%d", k.create("ana@example.com", "Ana")), `{"force":true}`)
	k.wantBroken(BadShape)
}

// mute collects what CheckT would have told a test.
type mute struct{ said []string }

func (m *mute) Helper() {}

func (m *mute) Errorf(format string, args ...any) {
	m.said = append(m.said, fmt.Sprintf(format, args...))
}

func TestCheckTSpeaksInLines(t *testing.T) {
	k := visit(t, Assumptions{})
	k.want(404, "POST", "/shares", `{}`)
	k.want(204, "PATCH", fmt.Sprintf("/users/%d", k.Users["sam.okafor@example.com"]), `{"user":{"name":"x"}}`)
	var m mute
	k.CheckT(&m)
	want := []string{
		"kisi simulator: outside the endpoints: request 1 POST /shares: no such endpoint",
		fmt.Sprintf("kisi simulator: foreign object: request 2 PATCH /users/%d: user %[1]d was made by hand and is changed", k.Users["sam.okafor@example.com"]),
	}
	wantEqual(t, strings.Join(m.said, "\n"), strings.Join(want, "\n"), "lines")
	k.Allow(OutsideSet, ForeignTouched)
	if err := k.Check(); err != nil {
		t.Error(err)
	}
}

func TestWhoMayOnlyOpenTheDoorsOfAPlaceIsNoAdministrator(t *testing.T) {
	for _, c := range []struct {
		role string
		on   func(*kit) Ref
		want int
	}{
		{PlaceBasic, func(k *kit) Ref { return Place(k.Places["HQ"]) }, 0},
		{PlaceAdmin, func(k *kit) Ref { return Place(k.Places["HQ"]) }, 1},
		{FrontDesk, func(k *kit) Ref { return k.OrganizationRef() }, 1},
	} {
		for _, prefixed := range []bool{false, true} {
			k := visit(t, Assumptions{PrefixedRoleIDs: prefixed})
			id := k.create("ana@example.com", "Ana")
			k.AddGrant(GrantSpec{To: User(id), On: c.on(k), Role: c.role})
			k.want(204, "PATCH", fmt.Sprintf("/users/%d", id), `{"user":{"access_enabled":false}}`)
			if got := k.Violations(); len(got) != c.want {
				t.Errorf("%s: %v", c.role, got)
			}
			k.Allow(ForeignTouched)
		}
	}
}
