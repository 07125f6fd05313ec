package kisisim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestWithoutAGoodKeyEverythingIs401(t *testing.T) {
	k := visit(t, Assumptions{})
	for name, spoil := range map[string]func(){
		"no key":      func() { k.key = "" },
		"unknown key": func() { k.key = "guess" },
		"revoked key": func() { k.key = k.Key; k.RevokeKey(k.Key) },
	} {
		spoil()
		for _, path := range []string{"/login", "/users", "/role_assignments", "/users?nonsense=1"} {
			k.want(401, "GET", path, nil).wantBody(`{"code":"afc516","error":"Wrong email address or password."}`)
		}
		k.want(401, "POST", "/users", newUser("ana@example.com", name))
	}
	wantEqual(t, k.UserID("ana@example.com"), 0, "user")
}

func TestTheCodesOfRefusalsAreSwitches(t *testing.T) {
	k := visit(t, Assumptions{UnauthorizedCode: "000401", ForbiddenCode: "fcd8ef"})
	k.SetOrganizationRole(k.KeyUser, Observer)
	wantEqual(t, k.want(403, "POST", "/users", newUser("ana@example.com", "Ana")).object()["code"], any("fcd8ef"), "403")
	k.key = ""
	wantEqual(t, k.want(401, "GET", "/login", nil).object()["code"], any("000401"), "401")
}

func TestAKeyDiesWithItsUser(t *testing.T) {
	k := visit(t, Assumptions{})
	k.SuspendUser(k.KeyUser)
	wantEqual(t, k.want(403, "GET", "/users", nil).object()["code"], any("fcd8ff"), "code")
	k.ResumeUser(k.KeyUser)
	k.get("/users")
	k.DeleteUser(k.KeyUser)
	k.want(401, "GET", "/users", nil)
}

func TestRolesDecideWhatAKeyMayWrite(t *testing.T) {
	for role, want := range map[string][3]int{ // user, group, right
		Administrator: {200, 200, 200},
		Owner:         {200, 200, 200},
		AccessManager: {200, 200, 200},
		UserManager:   {200, 403, 200},
		FrontDesk:     {200, 403, 403},
		Observer:      {403, 403, 403},
		"":            {403, 403, 403},
	} {
		t.Run(role, func(t *testing.T) {
			k := visit(t, Assumptions{})
			ana := k.create("ana@example.com", "Ana")
			k.SetOrganizationRole(k.KeyUser, role)
			k.want(want[0], "POST", "/users", newUser("bob@example.com", "Bob"))
			k.want(want[1], "POST", "/groups", map[string]any{"group": map[string]any{"name": "New"}})
			k.want(want[2], "POST", "/role_assignments", newRight(ana, k.Groups["Contractors"]))
		})
	}
}

func TestAPlaceAdministratorSeesAPartWithoutAWord(t *testing.T) {
	k := visit(t, Assumptions{})
	all := len(k.get("/users?limit=100").rows())
	k.SetOrganizationRole(k.KeyUser, "")
	k.AddGrant(GrantSpec{To: User(k.KeyUser), On: Place(k.Places["Workshop"]), Role: PlaceAdmin})

	emails := k.get("/users?limit=100&sort=name").column("email")
	wantEqual(t, strings.Join(emails, " "), "bjorn.lindqvist@example.com facility@example.com kisi-sync@example.com", "users")
	wantEqual(t, k.get("/organization/dashboard").object()["users"], any(float64(all)), "dashboard")
	wantEqual(t, strings.Join(k.get("/groups").column("name"), " "), "Entire place", "groups")
	wantEqual(t, strings.Join(k.get("/places").column("name"), " "), "Workshop", "places")
	wantEqual(t, len(k.get("/locks").rows()), 3, "doors")
	k.want(404, "GET", fmt.Sprintf("/users/%d", k.Owner), nil)
	k.want(404, "GET", fmt.Sprintf("/groups/%d", k.Groups["Contractors"]), nil)
	k.want(403, "GET", "/organization/settings", nil)
	k.want(403, "GET", "/integrations", nil)
}

func TestAGroupManagerMayLetPeopleIntoThatGroupOnly(t *testing.T) {
	k := visit(t, Assumptions{})
	ana := k.create("ana@example.com", "Ana")
	k.SetOrganizationRole(k.KeyUser, "")
	k.AddGrant(GrantSpec{To: User(k.KeyUser), On: Group(k.Groups["Contractors"]), Role: GroupManager})
	k.want(200, "POST", "/role_assignments", newRight(ana, k.Groups["Contractors"]))
	k.want(403, "POST", "/role_assignments", newRight(ana, k.Groups["Cleaning"]))
}

func TestWhatIsNoEndpointIs404(t *testing.T) {
	k := visit(t, Assumptions{})
	var broken []Rule
	for _, call := range []string{"GET /members", "POST /shares", "PUT /users/5", "DELETE /organization", "PATCH /organization",
		"GET /users/", "GET /users/abc", "GET /users/5/cards", "POST /teams", "POST /locks/5/unlock", "PATCH /group_locks/5", "GET /"} {
		method, path, _ := strings.Cut(call, " ")
		k.want(404, method, path, nil)
		broken = append(broken, OutsideSet)
	}
	k.wantBroken(broken...)
}

func TestMissingHeadersAreNoticed(t *testing.T) {
	k := visit(t, Assumptions{})
	r := k.request("POST", "/users", newUser("ana@example.com", "Ana"))
	r.Header.Del("Accept")
	r.Header.Del("Content-Type")
	answer, err := k.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	wantEqual(t, answer.StatusCode, 200, "status")
	k.wantBroken(BadShape, BadShape)
}

func TestEveryRoleHasTheWholeListOfPermissions(t *testing.T) {
	k := visit(t, Assumptions{})
	rows := k.get("/roles").rows()
	wantEqual(t, len(rows), 12, "roles")
	var custom []string
	for _, row := range rows {
		permissions := row["permissions"].(map[string]any)
		wantEqual(t, len(permissions), 2*52+8+7, fmt.Sprint(row["id"]))
		if row["custom"] == true {
			custom = append(custom, row["id"].(string))
		}
	}
	if !slices.Equal(custom, []string{FrontDesk}) {
		t.Errorf("custom roles %v", custom)
	}
	one := k.get("/roles/group_basic").object()
	wantEqual(t, one["applies_to"], any("Group"), "applies_to")
	wantEqual(t, one["permissions"].(map[string]any)["locks_unlock"], any(true), "locks_unlock")
	k.want(404, "GET", "/roles/group_owner", nil)
}

func TestRoleIDsArePrefixedUnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{PrefixedRoleIDs: true})
	k.want(404, "GET", "/roles/administrator", nil)
	k.get("/roles/organization_administrator")
	k.get("/roles/group_basic")
	rows := k.get("/role_assignments?applies_to_type=Organization&limit=250").column("role_id")
	if !slices.Contains(rows, "organization_owner") || slices.Contains(rows, "owner") {
		t.Errorf("roles %v", rows)
	}
}
