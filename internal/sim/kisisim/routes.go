package kisisim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// route is one endpoint: what may be asked of it, and who answers.
type route struct {
	method, template string
	params           []string // query parameters beside limit, offset and sort
	required         string   // the filter without which the answer is 400
	list             *paging  // nil for everything that is not a paged list
	handle           func(*exchange) response
}

// paging holds the numbers of §1.4 and the values that sort takes.
type paging struct {
	usual, most int
	sorts       []string
}

const maxOffset = 20000

// routes is the endpoint set of §14 and what lies around it. Whatever is not here is 404.
func routes() []route {
	return slices.Concat(organizationRoutes(), userRoutes(), assignmentRoutes(), groupRoutes(), placeRoutes(), teamRoutes())
}

func organizationRoutes() []route {
	return []route{
		{method: "GET", template: "/login", handle: getLogin},
		{method: "GET", template: "/user", handle: getSelf},
		{method: "GET", template: "/organization", handle: getOrganization},
		{method: "GET", template: "/organization/settings", handle: getSettings},
		{method: "GET", template: "/organization/dashboard", handle: getDashboard},
		{method: "GET", template: "/organizations", handle: listOrganizations},
		{method: "GET", template: "/roles", handle: listRoles},
		{method: "GET", template: "/roles/{id}", handle: getRole},
		{method: "GET", template: "/integrations", list: &paging{usual: 10, most: 250}, handle: listIntegrations},
	}
}

func userRoutes() []route {
	return []route{
		{method: "GET", template: "/users", params: []string{"ids", "place_id", "email", "group_id", "query", "user_id"},
			list: &paging{50, 100, []string{"name", "unlock", "access_enabled"}}, handle: listUsers},
		{method: "POST", template: "/users", handle: createUser},
		{method: "GET", template: "/users/{id}", handle: getUser},
		{method: "PATCH", template: "/users/{id}", handle: patchUser},
		{method: "DELETE", template: "/users/{id}", handle: deleteUser},
	}
}

func assignmentRoutes() []route {
	return []route{
		{method: "GET", template: "/role_assignments", params: []string{"ids", "query", "role_id", "assignee_type", "assignee_id",
			"applies_to_type", "applies_to_id", "scope", "user_id", "place_id", "group_id"},
			list: &paging{10, 250, []string{"user.name"}}, handle: listAssignments},
		{method: "POST", template: "/role_assignments", handle: createAssignment},
		{method: "GET", template: "/role_assignments/{id}", handle: getAssignment},
		{method: "PATCH", template: "/role_assignments/{id}", handle: patchAssignment},
		{method: "DELETE", template: "/role_assignments/{id}", handle: deleteAssignment},
	}
}

func groupRoutes() []route {
	return []route{
		{method: "GET", template: "/groups", params: []string{"ids", "query", "scope", "place_id", "elevator_stop_id", "lock_id"},
			list: &paging{10, 250, []string{"name"}}, handle: listGroups},
		{method: "POST", template: "/groups", handle: createGroup},
		{method: "GET", template: "/groups/{id}", handle: getGroup},
		{method: "PATCH", template: "/groups/{id}", handle: patchGroup},
		{method: "DELETE", template: "/groups/{id}", handle: deleteGroup},
		{method: "GET", template: "/group_locks", params: []string{"ids", "group_id", "lock_id", "query"}, required: "group_id",
			list: &paging{usual: 10, most: 250}, handle: listGroupLocks},
		{method: "POST", template: "/group_locks", handle: createGroupLock},
		{method: "GET", template: "/group_locks/{id}", handle: getGroupLock},
		{method: "DELETE", template: "/group_locks/{id}", handle: deleteGroupLock},
		{method: "GET", template: "/group_elevator_stops", params: []string{"ids", "group_id", "elevator_stop_id"}, required: "group_id",
			list: &paging{usual: 10, most: 250}, handle: listGroupStops},
		{method: "POST", template: "/group_elevator_stops", params: []string{"group_id"}, required: "group_id", handle: createGroupStop},
		{method: "GET", template: "/group_elevator_stops/{id}", handle: getGroupStop},
		{method: "DELETE", template: "/group_elevator_stops/{id}", handle: deleteGroupStop},
	}
}

func placeRoutes() []route {
	return []route{
		{method: "GET", template: "/places", params: []string{"ids", "query", "favorite"},
			list: &paging{50, 250, []string{"favorite", "name"}}, handle: listPlaces},
		{method: "GET", template: "/places/{id}", params: []string{"favorite"}, handle: getPlace},
		{method: "GET", template: "/locks", params: []string{"ids", "query", "floor_id", "place_id", "configured", "online",
			"unlocked", "locked_down", "favorite"}, list: &paging{50, 250, []string{"name"}}, handle: listLocks},
		{method: "GET", template: "/locks/{id}", handle: getLock},
		{method: "GET", template: "/elevators", params: []string{"ids", "place_id", "query"}, required: "place_id",
			list: &paging{usual: 10, most: 250}, handle: listElevators},
		{method: "GET", template: "/elevators/{id}", handle: getElevator},
		{method: "GET", template: "/elevator_stops", params: []string{"ids", "place_id", "elevator_id", "floor_id"}, required: "place_id",
			list: &paging{usual: 10, most: 250}, handle: listElevatorStops},
		{method: "GET", template: "/elevator_stops/{id}", handle: getElevatorStop},
		{method: "GET", template: "/floors", params: []string{"ids", "place_id", "query"}, required: "place_id",
			list: &paging{usual: 10, most: 250}, handle: listFloors},
		{method: "GET", template: "/floors/{id}", handle: getFloor},
	}
}

func teamRoutes() []route {
	return []route{
		{method: "GET", template: "/teams", params: []string{"ids", "query", "scope"}, list: &paging{10, 250, []string{"name"}}, handle: listTeams},
		{method: "GET", template: "/teams/{id}", handle: getTeam},
		{method: "GET", template: "/team_memberships", params: []string{"ids", "member_type", "member_id", "team_id"},
			list: &paging{usual: 10, most: 250}, handle: listMemberships},
		{method: "GET", template: "/group_links", params: []string{"ids", "group_id", "query"},
			list: &paging{10, 250, []string{"name", "unlock", "valid_until", "group_name"}}, handle: listGroupLinks},
		{method: "GET", template: "/team_memberships/{id}", handle: getMembership},
		{method: "GET", template: "/card_assignments", params: []string{"ids", "assignee_type", "assignee_id", "status", "card_id"},
			list: &paging{usual: 10, most: 250}, handle: listCards},
		{method: "GET", template: "/logins", params: []string{"user_id"}, required: "user_id", list: &paging{usual: 10, most: 250}, handle: listPhones},
	}
}

// findRoute fills in route, template and id. Ids of everything but roles are numbers; other words are no route.
func (x *exchange) findRoute() {
	x.template = x.path
	first, tail, deep := strings.Cut(strings.TrimPrefix(x.path, "/"), "/")
	for _, candidate := range []string{x.path, "/" + first + "/{id}"} {
		at := slices.IndexFunc(x.sim.routes, func(r route) bool { return r.method == x.method && r.template == candidate })
		if at < 0 || candidate != x.path && !deep {
			continue
		}
		x.template, x.tail = candidate, tail
		if x.id, _ = strconv.ParseInt(tail, 10, 64); x.id > 0 || candidate == x.path || first == "roles" && tail != "" {
			x.route = &x.sim.routes[at]
		}
		return
	}
}

// handle is Kisi itself: route, authenticate, check the query, act.
func (s *Sim) handle(x *exchange) {
	defer s.lock()()
	s.st.dropExpired()
	if x.route == nil {
		x.violate(OutsideSet, "no such endpoint")
		x.res = notFound()
		return
	}
	if refusal := x.authenticate(); refusal != nil {
		x.res = *refusal
		return
	}
	x.checkHeaders()
	if refusal := x.checkQuery(); refusal != nil {
		x.res = *refusal
		return
	}
	x.res = x.route.handle(x)
}

// checkHeaders wants what Kisi asks of every caller (§1.1), and lets the request pass as Kisi would.
func (x *exchange) checkHeaders() {
	if !strings.Contains(x.header.Get("Accept"), "application/json") {
		x.violate(BadShape, "no Accept: application/json")
	}
	if len(x.raw) > 0 && !strings.HasPrefix(x.header.Get("Content-Type"), "application/json") {
		x.violate(BadShape, "a body without Content-Type: application/json")
	}
	if len(x.raw) > 0 && x.method != http.MethodPost && x.method != http.MethodPatch {
		x.violate(BadShape, "a body with %s", x.method)
	}
}
