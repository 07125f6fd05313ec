package kisisim

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestAUserIsCreatedAndReadBackAsSent(t *testing.T) {
	k := visit(t, Assumptions{})
	r := k.want(200, "POST", "/users", newUser("Ana@Example.com", "Ana Núñez"))
	row := r.object()
	wantEqual(t, row["email"], any("Ana@Example.com"), "email as sent")
	wantEqual(t, row["access_enabled"], any(true), "access")
	wantEqual(t, row["scim_access_enabled"], any(true), "scim access")
	wantEqual(t, row["confirmed"], any(true), "confirmed")
	again := k.get(fmt.Sprintf("/users/%d", r.id()))
	again.wantBody(string(r.raw))
	if u, found := k.World().User("ana@example.com"); !found || !u.Managed || u.ByHand || u.Name != "Ana Núñez" {
		t.Errorf("world has %+v", u)
	}
}

func TestCreatingAUserIsRefused(t *testing.T) {
	long := strings.Repeat("x", 501)
	crowded := map[string]any{}
	for i := range 51 {
		crowded[fmt.Sprint(i)] = 1
	}
	for name, c := range map[string]struct {
		change map[string]any
		field  string
		broken []Rule
	}{
		"without an address":            {map[string]any{"email": ""}, "email", []Rule{BadShape}},
		"with a bad address":            {map[string]any{"email": "ana"}, "email", nil},
		"with a blank in the address":   {map[string]any{"email": "ana @x.com"}, "email", nil},
		"with two signs in the address": {map[string]any{"email": "a@b@x.com"}, "email", nil},
		"with a place":                  {map[string]any{"place_id": 1}, "place_id", []Rule{BadShape}},
		"with nested metadata":          {map[string]any{"metadata": map[string]any{"a": []int{1}}}, "metadata", []Rule{BadShape}},
		"with a long metadata value":    {map[string]any{"metadata": map[string]any{"a": long}}, "metadata", []Rule{BadShape}},
		"with a long metadata key":      {map[string]any{"metadata": map[string]any{long[:51]: 1}}, "metadata", []Rule{BadShape}},
		"with 51 metadata keys":         {map[string]any{"metadata": crowded}, "metadata", []Rule{BadShape}},
		"with a long name":              {map[string]any{"name": long[:256]}, "name", nil},
		"with long notes":               {map[string]any{"notes": long + long}, "notes", nil},
		"with a number for a name":      {map[string]any{"name": 7}, "name", []Rule{BadShape}},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{})
			body := newUser("ana@example.com", "Ana")
			maps.Copy(body["user"].(map[string]any), c.change)
			errs := k.want(422, "POST", "/users", body).object()["errors"].(map[string]any)
			if errs[c.field] == nil {
				t.Errorf("no complaint about %s: %v", c.field, errs)
			}
			wantEqual(t, k.UserID("ana@example.com"), 0, "user")
			k.wantBroken(c.broken...)
		})
	}
}

func TestADuplicateAddress(t *testing.T) {
	for name, c := range map[string]struct {
		assume Assumptions
		status int
	}{
		"is 409":                        {Assumptions{}, 409},
		"is 422 under the switch":       {Assumptions{DuplicateEmail: Duplicate422}, 422},
		"is a person if case matters":   {Assumptions{EmailCaseMatters: true}, 200},
		"is 409 with lowered addresses": {Assumptions{EmailsLowered: true}, 409},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, c.assume)
			k.create("ana@example.com", "Ana")
			r := k.want(c.status, "POST", "/users", newUser("ANA@example.com", "Ana"))
			switch c.status {
			case 409:
				r.wantBody(`{"code":"000409","error":"The record already exists"}`)
			case 422:
				r.wantBody(`{"errors":{"email":["has already been taken"]}}`)
			default:
				k.wantBroken(DuplicatePerson)
			}
		})
	}
}

func TestAddressesAreLoweredUnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{EmailsLowered: true})
	r := k.want(200, "POST", "/users", newUser("Ana@Example.com", "Ana"))
	wantEqual(t, r.object()["email"], any("ana@example.com"), "email")
}

func TestPatchingAUser(t *testing.T) {
	k := visit(t, Assumptions{})
	id := k.create("ana@example.com", "Ana")
	path := fmt.Sprintf("/users/%d", id)
	r := k.want(204, "PATCH", path, map[string]any{"user": map[string]any{
		"name": "Ana B", "access_enabled": false, "notes": "on leave", "metadata": map[string]any{"other": true},
	}})
	wantEqual(t, len(r.raw), 0, "length of a 204")
	wantEqual(t, r.header.Get("Content-Type"), "", "content type of a 204")
	u, _ := k.World().User("ana@example.com")
	if u.Name != "Ana B" || u.Access || u.Notes != "on leave" || len(u.Metadata) != 1 || u.Metadata["other"] != true {
		t.Errorf("patched to %+v", u)
	}
	k.want(204, "PATCH", path, map[string]any{"user": map[string]any{"notes": nil}})
	if u, _ := k.World().User("ana@example.com"); u.Notes != "" || u.Name != "Ana B" {
		t.Errorf("null clears and absence keeps: %+v", u)
	}
	k.want(404, "PATCH", "/users/99", map[string]any{"user": map[string]any{"name": "x"}})
}

func TestMetadataIsMergedUnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{MergeMetadata: true})
	id := k.create("ana@example.com", "Ana")
	k.want(204, "PATCH", fmt.Sprintf("/users/%d", id), map[string]any{"user": map[string]any{"metadata": map[string]any{"other": true}}})
	if u, _ := k.World().User("ana@example.com"); len(u.Metadata) != 2 {
		t.Errorf("metadata %v", u.Metadata)
	}
}

func TestPatchingAnAddress(t *testing.T) {
	for name, c := range map[string]struct {
		how    PatchEmail
		status int
		after  string
	}{
		"is ignored":           {EmailIgnored, 204, "ana@example.com"},
		"is 422 by one switch": {EmailRefused422, 422, "ana@example.com"},
		"works by another":     {EmailChanged, 204, "ana@example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{PatchEmail: c.how})
			id := k.create("ana@example.com", "Ana")
			k.want(c.status, "PATCH", fmt.Sprintf("/users/%d", id), map[string]any{"user": map[string]any{"email": "ana@example.org"}})
			wantEqual(t, k.UserID(c.after), id, c.after)
			wantEqual(t, len(k.get("/users?email="+c.after).rows()), 1, "found by the address")
			k.wantBroken(BadShape)
		})
	}
}

func TestDeletingAUserCascades(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("no cascade ", keep), func(t *testing.T) {
			k := visit(t, Assumptions{NoCascade: keep})
			id := k.create("ana@example.com", "Ana")
			right := k.let(id, "Contractors")
			k.want(204, "DELETE", fmt.Sprintf("/users/%d", id), nil)
			k.want(404, "DELETE", fmt.Sprintf("/users/%d", id), nil)
			r := k.do("GET", fmt.Sprintf("/role_assignments/%d", right), nil)
			if !keep {
				wantEqual(t, r.status, 404, "the right")
				return
			}
			wantEqual(t, r.object()["assignee"], nil, "assignee of an orphan")
			wantEqual(t, r.object()["assignee_id"], any(float64(id)), "its id")
			k.get("/role_assignments?sort=user.name")
		})
	}
}

func TestTheOwnerAndTheKeysOwnUserCannotBeDeleted(t *testing.T) {
	for _, forbid := range []bool{false, true} {
		k := visit(t, Assumptions{ProtectedForbidden: forbid})
		status := map[bool]int{false: 422, true: 403}[forbid]
		k.want(status, "DELETE", fmt.Sprintf("/users/%d", k.Owner), nil)
		k.want(status, "DELETE", fmt.Sprintf("/users/%d", k.KeyUser), nil)
		k.wantBroken(ForeignTouched, ForeignTouched, ForeignTouched, ForeignTouched)
	}
}

func TestNobodyTouchesASuperior(t *testing.T) {
	for _, soft := range []bool{false, true} {
		k := visit(t, Assumptions{RankUnprocessable: soft})
		k.SetOrganizationRole(k.KeyUser, UserManager)
		status := map[bool]int{false: 403, true: 422}[soft]
		k.want(status, "PATCH", fmt.Sprintf("/users/%d", k.Admins[0]), map[string]any{"user": map[string]any{"name": "x"}})
		k.want(status, "DELETE", fmt.Sprintf("/users/%d", k.Admins[0]), nil)
		k.Allow(ForeignTouched)
		if u, _ := k.World().User("henrik.sorensen@example.com"); u.Name != "Henrik Sørensen" {
			t.Error("the administrator was renamed")
		}
	}
}

func TestSuspensionKeepsRightsUnlessTheSwitchSaysOtherwise(t *testing.T) {
	for _, lose := range []bool{false, true} {
		k := visit(t, Assumptions{SuspendedLoseRights: lose})
		id := k.create("ana@example.com", "Ana")
		k.let(id, "Contractors")
		k.want(204, "PATCH", fmt.Sprintf("/users/%d", id), map[string]any{"user": map[string]any{"access_enabled": false}})
		u, _ := k.World().User("ana@example.com")
		wantEqual(t, u.Holds("Contractors"), !lose, "right of the suspended")
	}
}

func TestARecreatedUserHasANewIDUnlessTheSwitchSaysOtherwise(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		k := visit(t, Assumptions{RecreatedKeepsID: keeps})
		id := k.create("ana@example.com", "Ana")
		k.want(204, "DELETE", fmt.Sprintf("/users/%d", id), nil)
		wantEqual(t, k.create("Ana@example.com", "Ana") == id, keeps, "same id")
	}
}

func TestDefaultsOfANewUser(t *testing.T) {
	for name, c := range map[string]struct {
		assume Assumptions
		access bool
		mails  int
	}{
		"access and a mail": {Assumptions{}, true, 1},
		"no access":         {Assumptions{AccessOffByDefault: true}, false, 1},
		"no mail":           {Assumptions{QuietByDefault: true}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, c.assume)
			k.want(200, "POST", "/users", `{"user":{"email":"ana@example.com"}}`)
			u, _ := k.World().User("ana@example.com")
			wantEqual(t, u.Access, c.access, "access")
			wantEqual(t, len(k.Outbox()), c.mails, "mails")
			k.Allow(UnaskedMail)
		})
	}
}

func TestUsersAreFiltered(t *testing.T) {
	for query, want := range map[string][]string{
		"email=PETRA.krueger@glanz.example":    {"petra.krueger@glanz.example"},
		"email=glanz.example":                  nil,
		"query=Petr":                           {"petra.krueger@glanz.example"},
		"query=mornings":                       {"petra.krueger@glanz.example"},
		"query=auditorium&sort=name":           {"aiko.tanaka@audit.example"},
		"user_id=me":                           {"kisi-sync@example.com"},
		"sort=access_enabled&limit=1":          {"aiko.tanaka@audit.example"},
		"sort=-unlock&limit=1":                 {"facility@example.com"},
		"sort=name&limit=2":                    {"aiko.tanaka@audit.example", "bjorn.lindqvist@example.com"},
		"sort=-name&limit=2":                   {"lukasz@liftservice.example", "zoe.garcia@example.com"},
		"group_id=$Cleaning":                   {"petra.krueger@glanz.example"},
		"group_id=$München / Entire place":     nil,
		"place_id=$Workshop&sort=name":         {"bjorn.lindqvist@example.com", "facility@example.com", "lukasz@liftservice.example"},
		"ids=$petra.krueger@glanz.example,999": {"petra.krueger@glanz.example"},
	} {
		t.Run(query, func(t *testing.T) {
			k := visit(t, Assumptions{})
			got := k.get("/users?" + k.fill(query)).column("email")
			wantEqual(t, strings.Join(got, " "), strings.Join(want, " "), query)
		})
	}
}

// fill replaces $name by the id of a group, place or user.
func (k *kit) fill(query string) string {
	before, rest, found := strings.Cut(query, "$")
	if !found {
		return query
	}
	for _, ids := range []map[string]int64{k.Groups, k.Places, k.Users, k.Doors, k.Stops} {
		for name, id := range ids {
			if after, is := strings.CutPrefix(rest, name); is && (after == "" || strings.ContainsAny(after[:1], "&,")) {
				return before + fmt.Sprint(id) + k.fill(after)
			}
		}
	}
	k.t.Fatalf("nothing is called %s", rest)
	return ""
}

func TestTheEmailFilterIsPartialUnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{PartialEmail: true})
	wantEqual(t, len(k.get("/users?email=glanz.example").rows()), 1, "rows")
}
