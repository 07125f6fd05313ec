package kisisim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestARightIsGivenAndReadBack(t *testing.T) {
	k := visit(t, Assumptions{})
	ana := k.create("ana@example.com", "Ana")
	r := k.want(200, "POST", "/role_assignments", newRight(ana, k.Groups["HQ / Server Room"], "valid_until", "2099-12-31T23:00:00Z"))
	row := r.object()
	wantEqual(t, row["valid_until"], any("2099-12-31T23:00:00Z"), "until")
	wantEqual(t, row["valid_from"], nil, "from")
	wantEqual(t, row["created_by_id"], any(float64(k.KeyUser)), "created by")
	wantEqual(t, row["assignee"].(map[string]any)["email"], any("ana@example.com"), "assignee")
	k.get(fmt.Sprintf("/role_assignments/%d", r.id())).wantBody(string(r.raw))
	k.want(204, "DELETE", fmt.Sprintf("/role_assignments/%d", r.id()), nil)
	k.want(404, "DELETE", fmt.Sprintf("/role_assignments/%d", r.id()), nil)
	k.want(404, "GET", fmt.Sprintf("/role_assignments/%d", r.id()), nil)
}

func TestGivingARightIsRefused(t *testing.T) {
	k := visit(t, Assumptions{})
	ana := k.create("ana@example.com", "Ana")
	for name, c := range map[string]struct {
		change map[string]any
		status int
		broken []Rule
	}{
		"without a role":               {map[string]any{"role_id": ""}, 422, []Rule{BadShape}},
		"without an assignee":          {map[string]any{"assignee_id": nil}, 422, []Rule{BadShape}},
		"to an unknown kind":           {map[string]any{"assignee_type": "Robot"}, 422, []Rule{BadShape}},
		"with an unknown role":         {map[string]any{"role_id": "group_owner"}, 422, nil},
		"with a role of another scope": {map[string]any{"role_id": "administrator"}, 422, nil},
		"to nobody":                    {map[string]any{"assignee_id": 5}, 404, nil},
		"on nothing":                   {map[string]any{"applies_to_id": 5}, 404, nil},
		"on a user's id":               {map[string]any{"applies_to_id": ana}, 404, nil},
		"with an end before it":        {map[string]any{"valid_from": "2099-02-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"}, 422, nil},
		"with an end in the past":      {map[string]any{"valid_until": "2001-01-01T00:00:00Z"}, 422, nil},
		"with a bad date":              {map[string]any{"valid_until": "tomorrow"}, 422, []Rule{BadShape}},
		"as the owner": {map[string]any{"applies_to_type": "Organization", "applies_to_id": k.OrganizationRef().ID,
			"role_id": "owner"}, 422, nil},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{})
			ana := k.create("ana@example.com", "Ana")
			body := newRight(ana, k.Groups["Contractors"])
			maps.Copy(body["role_assignment"].(map[string]any), c.change)
			k.want(c.status, "POST", "/role_assignments", body)
			if u, _ := k.World().User("ana@example.com"); len(u.Grants) != 0 {
				t.Errorf("grants %v", u.Grants)
			}
			k.wantBroken(c.broken...)
		})
	}
}

func TestARoleThatDoesNotFitIs404UnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{RoleMisfit404: true})
	ana := k.create("ana@example.com", "Ana")
	k.want(404, "POST", "/role_assignments", newRight(ana, k.Groups["Contractors"], "role_id", "administrator"))
}

func TestASecondRightOnTheSameThing(t *testing.T) {
	for name, c := range map[string]struct {
		rule        DuplicateRight
		same, other int
		broken      []Rule
	}{
		"is 409 whatever its role":         {RightRefused409, 409, 409, nil},
		"is 409 for the same role only":    {RightRefusedSame, 409, 200, []Rule{DuplicateGrant}},
		"is always created":                {RightAlwaysCreated, 200, 200, []Rule{DuplicateGrant, DuplicateGrant}},
		"is 422 under yet another setting": {RightUnprocessable, 422, 422, nil},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{DuplicateRight: c.rule})
			ana := k.create("ana@example.com", "Ana")
			k.let(ana, "Contractors")
			k.want(c.same, "POST", "/role_assignments", newRight(ana, k.Groups["Contractors"], "valid_until", "2099-01-01T00:00:00Z"))
			k.want(c.other, "POST", "/role_assignments", newRight(ana, k.Groups["Contractors"], "role_id", "group_manager"))
			k.wantBroken(c.broken...)
		})
	}
}

func TestDates(t *testing.T) {
	past, future := "2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
	for name, c := range map[string]struct {
		assume Assumptions
		more   []any
		status int
	}{
		"backward":   {Assumptions{BackwardDates: true}, []any{"valid_from", "2099-02-01T00:00:00Z", "valid_until", future}, 200},
		"past":       {Assumptions{PastUntil: true}, []any{"valid_until", past}, 200},
		"past start": {Assumptions{}, []any{"valid_from", past, "valid_until", future}, 200},
		"null":       {Assumptions{}, []any{"valid_from", nil, "valid_until", nil}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, c.assume)
			ana := k.create("ana@example.com", "Ana")
			k.want(c.status, "POST", "/role_assignments", newRight(ana, k.Groups["Contractors"], c.more...))
		})
	}
}

func TestDatesOutsideGroupsAreIgnoredOrRefused(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		k := visit(t, Assumptions{DatesElsewhere: refuse})
		ana := k.create("ana@example.com", "Ana")
		body := newRight(ana, k.Places["HQ"], "applies_to_type", "Place", "role_id", "place_basic", "valid_until", "2099-01-01T00:00:00Z")
		r := k.want(map[bool]int{false: 200, true: 422}[refuse], "POST", "/role_assignments", body)
		if _, there := r.object()["valid_until"]; there {
			t.Error("a place right shows a date")
		}
		k.Allow(RoleGiven)
	}
}

func TestLegacyBodiesAreUnderstoodUnlessTheSwitchSaysOtherwise(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		k := visit(t, Assumptions{RefuseLegacyBodies: refuse})
		ana := k.create("ana@example.com", "Ana")
		body := map[string]any{"role_assignment": map[string]any{
			"user_id": ana, "group_id": k.Groups["Contractors"], "role_id": "group_basic", "notify": false}}
		k.want(map[bool]int{false: 200, true: 422}[refuse], "POST", "/role_assignments", body)
		u, _ := k.World().User("ana@example.com")
		wantEqual(t, u.Holds("Contractors"), !refuse, "the right")
		k.Allow(BadShape)
	}
}

func TestPatchingARight(t *testing.T) {
	until := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		how    PatchAssign
		status int
		want   time.Time
	}{
		"applies its dates":             {PatchApplied, 204, until},
		"ignores its dates by a switch": {PatchDatesIgnored, 204, time.Time{}},
		"is 422 by another":             {PatchRefused422, 422, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			k := visit(t, Assumptions{PatchAssignment: c.how})
			right := k.let(k.create("ana@example.com", "Ana"), "Contractors")
			k.want(c.status, "PATCH", fmt.Sprintf("/role_assignments/%d", right),
				`{"role_assignment":{"valid_from":null,"valid_until":"2099-01-01T00:00:00Z","notify":false}}`)
			u, _ := k.World().User("ana@example.com")
			wantEqual(t, u.Grants[0].Until, c.want, "until")
		})
	}
}

func TestPatchingARightChangesItsRoleAndRefusesNonsense(t *testing.T) {
	k := visit(t, Assumptions{})
	path := fmt.Sprintf("/role_assignments/%d", k.let(k.create("ana@example.com", "Ana"), "Contractors"))
	k.want(204, "PATCH", path, `{"role_assignment":{"role_id":"group_manager"}}`)
	wantEqual(t, k.get(path).object()["role_id"], any("group_manager"), "role")
	k.want(422, "PATCH", path, `{"role_assignment":{"role_id":"administrator"}}`)
	k.want(422, "PATCH", path, `{"role_assignment":{"valid_until":"2001-01-01T00:00:00Z"}}`)
	k.want(422, "PATCH", path, `{"role_assignment":{"valid_from":"2099-01-02T00:00:00Z","valid_until":"2099-01-01T00:00:00Z"}}`)
	k.want(404, "PATCH", "/role_assignments/5", `{"role_assignment":{"notify":false}}`)
}

func TestExpiredRights(t *testing.T) {
	for name, c := range map[string]struct {
		how    ExpiredRows
		rows   int
		status int
		again  int
	}{
		"are listed and block":             {ExpiredListed, 1, 200, 409},
		"are hidden and block by a switch": {ExpiredHidden, 0, 404, 409},
		"are gone by another":              {ExpiredGone, 0, 404, 200},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			k := visitWith(t, Options{Assume: Assumptions{Expired: c.how}, Now: clock.Now, Rate: -1})
			ana := k.create("ana@example.com", "Ana")
			group := k.Groups["Contractors"]
			until := clock.now.Add(time.Hour).Format("2006-01-02T15:04:05Z")
			right := k.want(200, "POST", "/role_assignments", newRight(ana, group, "valid_until", until)).id()
			list := fmt.Sprintf("/role_assignments?assignee_type=User&assignee_id=%d&limit=250", ana)
			wantEqual(t, len(k.get(list).rows()), 1, "before")
			clock.pass(time.Hour)
			wantEqual(t, len(k.get(list).rows()), c.rows, "after")
			k.want(c.status, "GET", fmt.Sprintf("/role_assignments/%d", right), nil)
			k.want(c.again, "POST", "/role_assignments", newRight(ana, group))
		})
	}
}

func TestRightsAreFiltered(t *testing.T) {
	owner, desk := "olivia.brandt@example.com", "chloe.dubois@example.com"
	for query, want := range map[string][]string{
		"applies_to_type=Organization&sort=user.name":                     {desk, "henrik.sorensen@example.com", "kisi-sync@example.com", owner, "zoe.garcia@example.com"},
		"applies_to_type=Place&sort=user.name":                            {"bjorn.lindqvist@example.com", "facility@example.com"},
		"applies_to_type=Group&applies_to_id=$Cleaning":                   {"petra.krueger@glanz.example"},
		"applies_to_type=Group&applies_to_id=$Contractors&sort=user.name": {"visitor@partner.example", "lukasz@liftservice.example"},
		"assignee_type=User&assignee_id=$facility@example.com":            {"facility@example.com", "facility@example.com"},
		"assignee_type=Guest":                                             {"visitor@partner.example"},
		"assignee_type=Team":                                              {"<nil>"},
		"role_id=group_manager":                                           {"facility@example.com"},
		"group_id=$Cleaning":                                              {"petra.krueger@glanz.example"},
		"place_id=$Workshop&sort=-user.name":                              {"facility@example.com", "bjorn.lindqvist@example.com"},
		"user_id=me":                                                      {"kisi-sync@example.com"},
		"scope=team":                                                      {"<nil>"},
		"scope=organization&query=Olivia":                                 {owner},
	} {
		t.Run(query, func(t *testing.T) {
			k := visit(t, Assumptions{})
			var got []string
			for _, row := range k.get("/role_assignments?limit=250&" + k.fill(query)).rows() {
				got = append(got, fmt.Sprint(row["assignee"].(map[string]any)["email"]))
			}
			wantEqual(t, strings.Join(got, " "), strings.Join(want, " "), query)
		})
	}
}

func TestTheOwnerHasNoRowUnderTheSwitch(t *testing.T) {
	for _, without := range []bool{false, true} {
		k := visit(t, Assumptions{OwnerWithoutRow: without})
		roles := k.get("/role_assignments?applies_to_type=Organization&limit=250").column("role_id")
		wantEqual(t, slices.Contains(roles, "owner"), !without, "owner's row")
		wantEqual(t, k.get("/organization").object()["user_id"], any(float64(k.Owner)), "organization.user_id")
	}
}

func TestEveryUserHasABasicRowUnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{BasicRows: true})
	ana := k.create("ana@example.com", "Ana")
	rows := k.get(fmt.Sprintf("/role_assignments?assignee_type=User&assignee_id=%d", ana))
	wantEqual(t, strings.Join(rows.column("role_id"), " "), "basic", "roles of a new user")
	rows = k.get(fmt.Sprintf("/role_assignments?applies_to_type=Organization&assignee_type=User&assignee_id=%d", k.Admins[0]))
	wantEqual(t, strings.Join(rows.column("role_id"), " "), "administrator", "roles of an administrator")
	k.want(204, "PATCH", fmt.Sprintf("/users/%d", ana), `{"user":{"name":"Ana B"}}`)
}

func TestMailsOfRights(t *testing.T) {
	k := visit(t, Assumptions{})
	k.WantMail(func(m Mail) bool { return m.Kind == GrantNotice && m.To == "ana@example.com" })
	ana := k.create("ana@example.com", "Ana")
	right := k.want(200, "POST", "/role_assignments", newRight(ana, k.Groups["Contractors"], "notify", true)).id()
	k.want(204, "PATCH", fmt.Sprintf("/role_assignments/%d", right), `{"role_assignment":{"notify":false,"role_id":"group_basic"}}`)
	wantEqual(t, len(k.Outbox()), 1, "mails")
}

func TestARightWithoutNotifySendsAMailUnlessTheSwitchSaysOtherwise(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		k := visit(t, Assumptions{QuietByDefault: quiet})
		body := newRight(k.create("ana@example.com", "Ana"), k.Groups["Contractors"])
		delete(body["role_assignment"].(map[string]any), "notify")
		k.want(200, "POST", "/role_assignments", body)
		wantEqual(t, len(k.Outbox()), map[bool]int{false: 1, true: 0}[quiet], "mails")
		k.Allow(UnaskedMail)
	}
}
