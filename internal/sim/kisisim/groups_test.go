package kisisim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAGroupIsCreatedChangedAndDeleted(t *testing.T) {
	k := visit(t, Assumptions{})
	r := k.want(200, "POST", "/groups", map[string]any{"group": map[string]any{"name": "HQ Staff", "description": "All at HQ", "place_id": nil}})
	path := fmt.Sprintf("/groups/%d", r.id())
	wantEqual(t, r.object()["place_id"], nil, "place_id of an organization group")
	wantEqual(t, r.object()["login_enabled"], any(true), "login_enabled")
	k.get(path).wantBody(string(r.raw))
	k.want(204, "PATCH", path, `{"group":{"name":"Staff of HQ","time_restriction_enabled":true}}`)
	row := k.get(path).object()
	wantEqual(t, row["name"], any("Staff of HQ"), "name")
	wantEqual(t, row["description"], any("All at HQ"), "description")
	wantEqual(t, row["time_restriction_enabled"], any(true), "restriction")
	k.want(422, "PATCH", path, `{"group":{"name":""}}`)
	k.want(204, "DELETE", path, nil)
	k.want(404, "DELETE", path, nil)
	k.want(404, "PATCH", path, `{"group":{"name":"x"}}`)
}

func TestThePlaceOfAGroupIsSetAtCreationOnly(t *testing.T) {
	k := visit(t, Assumptions{})
	r := k.want(200, "POST", "/groups", map[string]any{"group": map[string]any{"name": "Lab", "place_id": k.Places["HQ"]}})
	wantEqual(t, r.object()["place"].(map[string]any)["name"], any("HQ"), "place")
	k.want(204, "PATCH", fmt.Sprintf("/groups/%d", r.id()), map[string]any{"group": map[string]any{"place_id": k.Places["Workshop"]}})
	wantEqual(t, k.get(fmt.Sprintf("/groups/%d", r.id())).object()["place_id"], any(float64(k.Places["HQ"])), "place after a patch")
	k.wantBroken(BadShape)
}

func TestAGroupWithoutANameOrInNoPlaceIs422(t *testing.T) {
	k := visit(t, Assumptions{})
	k.want(422, "POST", "/groups", `{"group":{"description":"x"}}`)
	k.want(422, "POST", "/groups", `{"group":{"name":"x","place_id":5}}`)
	k.wantBroken(BadShape)
}

func TestGroupNamesAreUniqueInTheirScopeUnderTheSwitch(t *testing.T) {
	for _, unique := range []bool{false, true} {
		k := visit(t, Assumptions{UniqueGroupNames: unique})
		k.want(map[bool]int{false: 200, true: 422}[unique], "POST", "/groups", `{"group":{"name":"contractors"}}`)
		k.want(200, "POST", "/groups", map[string]any{"group": map[string]any{"name": "Contractors", "place_id": k.Places["HQ"]}})
	}
}

func TestGroupsAreFiltered(t *testing.T) {
	for query, want := range map[string]string{
		"scope=organization&sort=name":             "Cleaning Contractors",
		"scope=place&sort=-name&limit=1":           "Server Room",
		"place_id=$HQ&sort=name":                   "Entire place Server Room",
		"lock_id=$HQ / Server Room":                "Entire place Server Room",
		"query=Server":                             "Server Room",
		"elevator_stop_id=$HQ / Lift A / Floor -1": "Server Room",
	} {
		k := visit(t, Assumptions{})
		if query == "lock_id=$HQ / Server Room" {
			query = fmt.Sprintf("lock_id=%d", k.Doors["HQ / Server Room"])
		}
		wantEqual(t, strings.Join(k.get("/groups?"+k.fill(query)).column("name"), " "), want, query)
	}
}

func TestUsersCountHasDirectRightsUnlessTheSwitchCountsTeams(t *testing.T) {
	for _, teams := range []bool{false, true} {
		k := visit(t, Assumptions{TeamsCounted: teams})
		want := map[bool]int{false: 0, true: 2}[teams]
		id := k.Groups["München / Entire place"]
		wantEqual(t, k.get(fmt.Sprintf("/groups/%d", id)).object()["users_count"], any(float64(want)), "users_count")
		wantEqual(t, len(k.get(fmt.Sprintf("/users?group_id=%d", id)).rows()), want, "users?group_id")
	}
}

func TestDeletingAGroupTakesItsDoorsAndRights(t *testing.T) {
	for _, keep := range []bool{false, true} {
		k := visit(t, Assumptions{NoCascade: keep})
		id := k.want(200, "POST", "/groups", `{"group":{"name":"HQ Staff"}}`).id()
		door := k.want(200, "POST", "/group_locks", map[string]any{"group_lock": map[string]any{"group_id": id, "lock_id": k.Doors["HQ / Garage"]}}).id()
		right := k.want(200, "POST", "/role_assignments", newRight(k.create("ana@example.com", "Ana"), id)).id()
		k.want(204, "DELETE", fmt.Sprintf("/groups/%d", id), nil)
		k.want(404, "GET", fmt.Sprintf("/group_locks/%d", door), nil)
		k.want(map[bool]int{false: 404, true: 200}[keep], "GET", fmt.Sprintf("/role_assignments/%d", right), nil)
	}
}

func TestDoorsOfAGroup(t *testing.T) {
	k := visit(t, Assumptions{})
	group := k.want(200, "POST", "/groups", `{"group":{"name":"HQ Staff"}}`).id()
	body := map[string]any{"group_lock": map[string]any{"group_id": group, "lock_id": k.Doors["HQ / Garage"]}}
	r := k.want(200, "POST", "/group_locks", body)
	path := fmt.Sprintf("/group_locks/%d", r.id())
	k.get(path).wantBody(string(r.raw))
	wantEqual(t, r.object()["lock"].(map[string]any)["name"], any("Garage"), "door")
	wantEqual(t, len(k.get(fmt.Sprintf("/group_locks?group_id=%d&lock_id=%d", group, k.Doors["HQ / Garage"])).rows()), 1, "rows")
	k.want(422, "POST", "/group_locks", body)
	k.want(422, "POST", "/group_locks", map[string]any{"group_lock": map[string]any{"group_id": group, "lock_id": 5}})
	k.want(422, "POST", "/group_locks", map[string]any{"group_lock": map[string]any{"group_id": 5, "lock_id": 5}})
	k.want(204, "DELETE", path, nil)
	k.want(404, "DELETE", path, nil)
}

func TestADoorTwiceIs409UnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{DuplicateDoor: Duplicate409})
	group := k.want(200, "POST", "/groups", `{"group":{"name":"HQ Staff"}}`).id()
	door := map[string]any{"group_lock": map[string]any{"group_id": group, "lock_id": k.Doors["HQ / Garage"]}}
	stop := map[string]any{"group_elevator_stop": map[string]any{"elevator_stop_id": k.Stops["HQ / Lift A / Floor 3"]}}
	k.want(200, "POST", "/group_locks", door)
	k.want(409, "POST", "/group_locks", door)
	k.want(200, "POST", fmt.Sprintf("/group_elevator_stops?group_id=%d", group), stop)
	k.want(409, "POST", fmt.Sprintf("/group_elevator_stops?group_id=%d", group), stop)
}

func TestAPlaceGroupHoldsDoorsOfItsPlaceOnly(t *testing.T) {
	k := visit(t, Assumptions{})
	group := k.want(200, "POST", "/groups", map[string]any{"group": map[string]any{"name": "Lab", "place_id": k.Places["Workshop"]}}).id()
	k.want(422, "POST", "/group_locks", map[string]any{"group_lock": map[string]any{"group_id": group, "lock_id": k.Doors["HQ / Lab"]}})
	k.want(400, "POST", fmt.Sprintf("/group_elevator_stops?group_id=%d", group),
		map[string]any{"group_elevator_stop": map[string]any{"elevator_stop_id": k.Stops["HQ / Lift A / Floor 3"]}})
}

func TestElevatorStopsOfAGroup(t *testing.T) {
	k := visit(t, Assumptions{})
	group := k.want(200, "POST", "/groups", `{"group":{"name":"HQ Staff"}}`).id()
	body := map[string]any{"group_elevator_stop": map[string]any{"elevator_stop_id": k.Stops["HQ / Lift A / Floor 3"]}}
	path := fmt.Sprintf("/group_elevator_stops?group_id=%d", group)
	r := k.want(200, "POST", path, body)
	wantEqual(t, r.object()["floor"].(map[string]any)["number"], any(3.0), "floor")
	k.get(fmt.Sprintf("/group_elevator_stops/%d", r.id())).wantBody(string(r.raw))
	wantEqual(t, len(k.get(path).rows()), 1, "rows")
	k.want(422, "POST", path, body)
	k.want(400, "POST", "/group_elevator_stops", body)
	k.want(404, "POST", "/group_elevator_stops?group_id=5", body)
	k.want(400, "POST", path, `{"group_elevator_stop":{"elevator_stop_id":5}}`)
	k.want(204, "DELETE", fmt.Sprintf("/group_elevator_stops/%d", r.id()), nil)
	k.want(404, "DELETE", fmt.Sprintf("/group_elevator_stops/%d", r.id()), nil)
	k.wantBroken(BadQuery)
}

func TestBodiesOfUnexpectedShape(t *testing.T) {
	for body, status := range map[string]int{
		`{"group":`:                             400,
		`[]`:                                    400,
		`{"group":{}}`:                          400,
		`{"name":"x"}`:                          400,
		`{"group":{"name":"x"},"team":1}`:       200,
		`{"group":{"name":"x","locks":[]}}`:     200,
		`{"group":{"name":"x","place_id":"7"}}`: 422, // taken for a number, and there is no such place
	} {
		k := visit(t, Assumptions{})
		k.want(status, "POST", "/groups", body)
		k.wantBroken(BadShape)
	}
}

func TestAMissingWrapper(t *testing.T) {
	for how, status := range map[MissingWrapper]int{WrapperRefused400: 400, WrapperRefused422: 422, WrapperOptional: 200} {
		k := visit(t, Assumptions{MissingWrapper: how})
		k.want(status, "POST", "/groups", `{"name":"x"}`)
		k.wantBroken(BadShape)
	}
}

func TestUnknownBodyKeysAreRefusedUnderTheSwitch(t *testing.T) {
	k := visit(t, Assumptions{RefuseUnknownKeys: true})
	k.want(422, "POST", "/groups", `{"group":{"name":"x","locks":[]}}`)
	wantEqual(t, k.GroupID("x"), 0, "group")
	k.wantBroken(BadShape)
}

// shapes are the keys of every object, copied from §3 to §7.
var shapes = map[string]string{
	"/login":                             "created_at device_brand device_model expire id last_used_at name os_name primary scram_credentials type updated_at user user_id",
	"/user":                              "created_at email id image last_read_at locale name notes notifications_unread_count organization organization_id otp_enabled_at otp_required_for_login primary_login_exists resource_type updated_at",
	"/organization":                      "address apple_pass_enabled created_at description device_logins_expire_after domain id logo metadata name places_count resource_type scim_enabled send_emails sso_expiration_override sso_expiration_override_enabled sso_flow_enabled time_zone transfer_to_id updated_at user_id web_authentication_api_enabled",
	"/organization/dashboard":            "apple_passes cameras groups locks members_count places users",
	"/roles/group_basic":                 "applies_to custom custom_role_id description id name permissions resource_type",
	"/users/$facility@example.com":       "access_enabled confirmed created_at email groups_count id image last_accessed_at metadata name notes organization_id otp_required_for_login password_flow_enabled resource_type scim_access_enabled updated_at",
	"/groups/$HQ / Server Room":          "created_at description elevator_stops_count geofence_restriction_enabled geofence_restriction_radius id locks_count login_enabled managed_device_restriction_enabled members_count name place place_id primary_device_restriction_enabled reader_restriction_enabled resource_type tap_to_access_restriction_enabled time_restriction_enabled time_restriction_time_zone updated_at users_count",
	"/group_locks?group_id=$Contractors": "created_at group group_id id lock lock_id place place_id resource_type updated_at",
	"/group_elevator_stops?group_id=$HQ / Server Room": "created_at elevator elevator_id elevator_stop_id floor floor_id group group_id id place place_id resource_type updated_at",
	"/places/$HQ":                  "address created_at description id image integrations_count latitude locked_down locked_down_since locks_count longitude name occupancy_rate organization organization_id resource_type time_zone tz_time_zone updated_at",
	"/locks":                       "configured created_at description first_to_arrive_required_until first_to_arrive_satisfied floor_id geofence_restriction_enabled geofence_restriction_radius id latitude locked_down locked_down_since longitude name on_scheduled_unlock online open order_id place place_id reader_restriction_enabled resource_type time_restriction_enabled time_restriction_time_zone unlocked updated_at",
	"/elevators?place_id=$HQ":      "created_at description elevator_stops_count id integration_id name place_id resource_type updated_at",
	"/elevator_stops?place_id=$HQ": "created_at elevator elevator_id floor floor_id id locked_down locked_down_since name on_scheduled_permit permitted place place_id resource_type time_restriction_enabled updated_at",
	"/floors?place_id=$HQ":         "created_at description id name number place_id resource_type updated_at",
	"/teams":                       "created_at id name resource_type updated_at",
	"/team_memberships":            "created_at id member member_id member_type resource_type team team_id updated_at",
	"/group_links":                 "created_at created_by_id created_by_type email group group_id id issued_by_id last_used_at link_enabled name phone quick_response_code_type resource_type updated_at valid_from valid_until",
	"/integrations":                "created_at disabled_due_to_error disabled_due_to_error_at enabled group_id id import_members_only name organization organization_id resource_type type updated_at",
	"/organization/settings":       "address apple_pass_enabled created_at description device_logins_expire_after domain id identity_provider_issuer_url logo metadata name places_count resource_type scim_configured scim_enabled send_emails sso_configured sso_expiration_override sso_expiration_override_enabled sso_flow_enabled time_zone transfer_to_id updated_at user_id web_authentication_api_enabled",
	"/organizations":               "address apple_pass_enabled created_at description device_logins_expire_after domain id logo metadata name places_count resource_type scim_enabled send_emails sso_expiration_override sso_expiration_override_enabled sso_flow_enabled time_zone transfer_to_id updated_at user_id web_authentication_api_enabled",
}

func TestObjectsHaveTheKeysOfTheNotes(t *testing.T) {
	k := visit(t, Assumptions{})
	k.ImportContractors()
	common := "applies_to applies_to_id applies_to_type assignee assignee_id assignee_team_id assignee_type created_at created_by_id created_by_type guest_id id issued_by_id notify resource_type role_id scope type updated_at user_id"
	for path, want := range shapes {
		check(t, k, path, want)
	}
	check(t, k, "/role_assignments?applies_to_type=Organization", common+" organization organization_id user")
	check(t, k, "/role_assignments?applies_to_type=Place", common+" place place_id user")
	check(t, k, "/role_assignments?applies_to_type=Group&assignee_type=User", common+" group group_id valid_from valid_until user")
	check(t, k, "/role_assignments?assignee_type=Team", common+" group group_id valid_from valid_until assignee_team")
	check(t, k, "/role_assignments?assignee_type=Guest", common+" group group_id valid_from valid_until guest")
}

func check(t *testing.T, k *kit, path, want string) {
	t.Helper()
	r := k.get(k.fill(path))
	if r.raw[0] == '[' {
		r.raw, _ = json.Marshal(r.rows()[0])
	}
	row := r.object()
	keys := strings.Fields(want)
	slices.Sort(keys)
	wantEqual(t, strings.Join(keysOf(row), " "), strings.Join(keys, " "), path)
}

func TestTheOtherObjectsAreFoundByTheirIDs(t *testing.T) {
	k := visit(t, Assumptions{})
	for list, one := range map[string]string{
		"/places": "/places/", "/locks": "/locks/", "/teams": "/teams/", "/team_memberships": "/team_memberships/",
		"/elevators?place_id=$HQ": "/elevators/", "/elevator_stops?place_id=$HQ": "/elevator_stops/", "/floors?place_id=$HQ": "/floors/",
	} {
		rows := k.get(k.fill(list)).rows()
		row := k.get(fmt.Sprint(one, idOf(rows[0]))).object()
		wantEqual(t, fmt.Sprint(row), fmt.Sprint(rows[0]), one)
		k.want(404, "GET", one+"5", nil)
	}
	wantEqual(t, len(k.get("/teams?query=Facility&sort=name").rows()), 1, "teams")
	wantEqual(t, len(k.get(k.fill("/team_memberships?member_type=User&member_id=$facility@example.com")).rows()), 1, "memberships")
	wantEqual(t, len(k.get(k.fill("/locks?place_id=$Workshop&sort=name&online=true&unlocked=false")).rows()), 3, "doors")
	wantEqual(t, len(k.get(k.fill("/locks?configured=false")).rows()), 0, "doors to configure")
	if _, there := k.get("/places?favorite=*").rows()[0]["favorite"]; !there {
		t.Error("favorite was asked for")
	}
}
