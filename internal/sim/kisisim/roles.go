package kisisim

// The roles of §4.2 by the names we call them; under Assumptions.PrefixedRoleIDs their ids differ. Only GroupBasic and
// GroupManager have ids that Kisi documents. FrontDesk is a custom role that the customer made.
const (
	GroupBasic    = "group_basic"
	GroupManager  = "group_manager"
	Basic         = "basic"
	Observer      = "observer"
	UserManager   = "user_manager"
	AccessManager = "manager"
	Administrator = "administrator"
	Owner         = "owner"
	PlaceBasic    = "place_basic"
	PlaceManager  = "place_manager"
	PlaceAdmin    = "place_administrator"
	FrontDesk     = "2041"
)

// role is one row of GET /roles. Nobody may give or take a role of a rank above their own (§4.2).
type role struct {
	name        string // as the constants above
	id          string // as the API shows it
	appliesTo   string
	title       string
	rank        int
	custom      int64
	permissions map[string]bool
}

func allRoles(prefixed bool) []*role {
	manage := []string{"*_read", "users_write", "role_assignments_write", "csv_user_import_write", "invites_write"}
	local := []string{"*_read", "groups_write", "group_locks_write", "group_elevator_stops_write", "role_assignments_write", "locks_unlock"}
	door := []string{"locks_unlock", "elevator_stops_permit"}
	roles := []*role{
		{name: GroupBasic, appliesTo: KindGroup, title: "Door access", permissions: permit(door...)},
		{name: GroupManager, appliesTo: KindGroup, title: "Group manager", permissions: permit(append(door, "role_assignments_read", "role_assignments_write")...)},
		{name: Basic, appliesTo: KindOrganization, title: "Basic", permissions: permit()},
		{name: Observer, appliesTo: KindOrganization, title: "Observer", rank: 1, permissions: permit("*_read")},
		{name: FrontDesk, appliesTo: KindOrganization, title: "Front desk", rank: 1, custom: 2041, permissions: permit("users_read", "users_write", "groups_read", "places_read")},
		{name: UserManager, appliesTo: KindOrganization, title: "User manager", rank: 2, permissions: permit(manage...)},
		{name: AccessManager, appliesTo: KindOrganization, title: "Organization access manager", rank: 3, permissions: permit(append(manage, local...)...)},
		{name: Administrator, appliesTo: KindOrganization, title: "Organization administrator", rank: 4, permissions: permit("*")},
		{name: Owner, appliesTo: KindOrganization, title: "Organization owner", rank: 5, permissions: permit("*")},
		{name: PlaceBasic, appliesTo: KindPlace, title: "Door access", permissions: permit(door...)},
		{name: PlaceManager, appliesTo: KindPlace, title: "Place access manager", rank: 3, permissions: permit(local...)},
		{name: PlaceAdmin, appliesTo: KindPlace, title: "Place administrator", rank: 3, permissions: permit("*")},
	}
	for _, r := range roles {
		r.id = r.name
		if prefixed && r.custom == 0 && r.appliesTo == KindOrganization {
			r.id = "organization_" + r.name
		}
	}
	return roles
}

// roleNamed finds a role by one of the constants; nil if there is none.
func (s *state) roleNamed(name string) *role {
	return s.findRole(func(r *role) bool { return r.name == name })
}

// roleByID finds a role by the id that the API shows; nil if there is none.
func (s *state) roleByID(id string) *role {
	return s.findRole(func(r *role) bool { return r.id == id })
}

func (s *state) findRole(match func(*role) bool) *role {
	for _, r := range s.roles {
		if match(r) {
			return r
		}
	}
	return nil
}

func (s *state) roleID(name string) string { return s.roleNamed(name).id }

// rank is the highest rank that a user holds on the organization or any place; ordinary people have 0.
func (s *state) rank(userID int64) int {
	if userID == s.org.owner {
		return s.roleNamed(Owner).rank
	}
	highest := 0
	for _, a := range s.assignments.pick(s.byAssignee[User(userID)]) {
		if r := s.roleByID(a.role); r != nil && a.on.Kind != KindGroup {
			highest = max(highest, r.rank)
		}
	}
	return highest
}

type roleJSON struct {
	ID           string          `json:"id"`
	ResourceType string          `json:"resource_type"`
	AppliesTo    string          `json:"applies_to"`
	Name         string          `json:"name"`
	Description  *string         `json:"description"`
	Custom       bool            `json:"custom"`
	Permissions  map[string]bool `json:"permissions"`
	CustomRoleID *int64          `json:"custom_role_id"`
}

func (r *role) render() roleJSON {
	out := roleJSON{ID: r.id, ResourceType: "Role", AppliesTo: r.appliesTo, Name: r.title, Permissions: r.permissions}
	if r.custom != 0 {
		out.Custom, out.CustomRoleID = true, &r.custom
	}
	return out
}

func listRoles(x *exchange) response {
	var out []roleJSON
	for _, r := range x.st.roles {
		out = append(out, r.render())
	}
	return ok(out)
}

func getRole(x *exchange) response {
	if r := x.st.roleByID(x.tail); r != nil {
		return ok(r.render())
	}
	return notFound()
}
