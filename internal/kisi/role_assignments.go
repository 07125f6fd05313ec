package kisi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// What assignments connect (§4.3).
const (
	typeUser         = "User"
	typeTeam         = "Team"
	typeGuest        = "Guest"
	typeGroup        = "Group"
	typePlace        = "Place"
	typeOrganization = "Organization"
)

// RoleAssignment is an access right (§4.3): somebody's role on something.
type RoleAssignment struct {
	ID            int64      `json:"id"`
	RoleID        string     `json:"role_id"`
	AppliesToType string     `json:"applies_to_type"`
	AppliesToID   int64      `json:"applies_to_id"`
	AssigneeType  string     `json:"assignee_type"`
	AssigneeID    int64      `json:"assignee_id"`
	CreatedAt     *time.Time `json:"created_at"`      // nil when Kisi does not say
	ValidFrom     *time.Time `json:"valid_from"`      // groups only; nil is open
	ValidUntil    *time.Time `json:"valid_until"`     // groups only; nil is open
	CreatedByType string     `json:"created_by_type"` // "" when Kisi does not say
	CreatedByID   int64      `json:"created_by_id"`   // 0 when Kisi does not say
}

func (a RoleAssignment) key() int64 { return a.ID }

// Without one of these nobody knows whose right this is, and to what.
func (a RoleAssignment) flaw() string {
	for _, need := range []struct {
		what    string
		missing bool
	}{
		{"id", a.ID == 0}, {"role_id", a.RoleID == ""},
		{"assignee_type", a.AssigneeType == ""}, {"assignee_id", a.AssigneeID == 0},
		{"applies_to_type", a.AppliesToType == ""}, {"applies_to_id", a.AppliesToID == 0},
	} {
		if need.missing {
			return lacks(need.what, true)
		}
	}
	return ""
}

// AssignmentFilter narrows a list of assignments; zero fields do not. An id
// needs its type (§4.4).
type AssignmentFilter struct {
	AssigneeType  string
	AssigneeID    int64
	AppliesToType string
	AppliesToID   int64
}

func (f AssignmentFilter) list() listing {
	q := url.Values{}
	for name, value := range map[string]string{"assignee_type": f.AssigneeType, "applies_to_type": f.AppliesToType} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, id := range map[string]int64{"assignee_id": f.AssigneeID, "applies_to_id": f.AppliesToID} {
		if id != 0 {
			q.Set(name, strconv.FormatInt(id, 10))
		}
	}
	return listing{path: "/role_assignments", query: q, sort: "user.name", limit: 250}
}

// RoleAssignments reads the assignments that match f.
func (c *Client) RoleAssignments(ctx context.Context, f AssignmentFilter) ([]RoleAssignment, error) {
	return listLong[RoleAssignment](ctx, c, f.list())
}

// usersInGroups are the rights that the sync is about.
func usersInGroups() AssignmentFilter {
	return AssignmentFilter{AssigneeType: typeUser, AppliesToType: typeGroup}
}

// UserGroupAssignments reads every user's rights in groups. Where there are
// more than one list can reach, it reads them group by group; groups are those
// of the organization, as just read. The result is believed only if the groups
// together hold as many as Kisi counts in all: a group that this key cannot see
// would be missing.
func (c *Client) UserGroupAssignments(ctx context.Context, groups []Group) ([]RoleAssignment, error) {
	whole := usersInGroups().list()
	rows, err := list[RoleAssignment](ctx, c, whole)
	var long *tooLong
	if !errors.As(err, &long) {
		return rows, err
	}
	for range readings / 2 {
		rows, err = c.groupByGroup(ctx, groups)
		if err != nil {
			return nil, err
		}
		total, err := count[RoleAssignment](ctx, c, whole)
		if err != nil {
			return nil, err
		}
		if total == len(rows) {
			c.noteList(whole, total, false)
			return rows, nil
		}
		long.total = total
		if groups, err = c.Groups(ctx); err != nil {
			return nil, err
		}
	}
	return nil, whole.unreadable(fmt.Errorf("%d rows in the groups that can be read, where Kisi counts %d in all", len(rows), long.total))
}

func (c *Client) groupByGroup(ctx context.Context, groups []Group) ([]RoleAssignment, error) {
	var all []RoleAssignment
	for _, g := range groups {
		f := usersInGroups()
		f.AppliesToID = g.ID
		some, err := listLong[RoleAssignment](ctx, c, f.list())
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// RoleAssignment reads one assignment.
func (c *Client) RoleAssignment(ctx context.Context, id int64) (RoleAssignment, error) {
	return getWhole[RoleAssignment](ctx, c, at("/role_assignments", id))
}

// Right is what an assignment in a group says, without who and where.
type Right struct {
	Role        string
	From, Until time.Time // in whole seconds; zero is open
	// Notify lets Kisi mail the person. It is always sent, because its
	// default is unstated (§4.5).
	Notify bool
}

// same says that a already is r, as far as can be read back.
func (r Right) same(a RoleAssignment) bool {
	return a.RoleID == r.Role && sameMoment(a.ValidFrom, r.From) && sameMoment(a.ValidUntil, r.Until)
}

func sameMoment(is *time.Time, want time.Time) bool {
	if is == nil {
		return want.IsZero()
	}
	return !want.IsZero() && is.Unix() == want.Unix()
}

// impossible refuses dates that leave no moment of access, before anything is
// taken away for their sake.
func (r Right) impossible(now time.Time) error {
	if !r.Until.IsZero() && (!r.Until.After(now) || !r.From.IsZero() && !r.Until.After(r.From)) {
		return fmt.Errorf("%w: the right would end at %s, before it begins", access.ErrRefused, *timestamp(r.Until))
	}
	return nil
}

// CreateRoleAssignment gives a user a right in a group.
func (c *Client) CreateRoleAssignment(ctx context.Context, user, group int64, r Right) (RoleAssignment, error) {
	type fields struct {
		AppliesToType string  `json:"applies_to_type"`
		AppliesToID   int64   `json:"applies_to_id"`
		AssigneeType  string  `json:"assignee_type"`
		AssigneeID    int64   `json:"assignee_id"`
		RoleID        string  `json:"role_id"`
		Notify        bool    `json:"notify"`
		ValidFrom     *string `json:"valid_from"`
		ValidUntil    *string `json:"valid_until"`
	}
	return create[RoleAssignment](ctx, c, request{path: "/role_assignments", body: map[string]fields{"role_assignment": {
		AppliesToType: typeGroup, AppliesToID: group, AssigneeType: typeUser, AssigneeID: user, RoleID: r.Role,
		Notify: r.Notify, ValidFrom: timestamp(r.From), ValidUntil: timestamp(r.Until),
	}}})
}

// CreateScopeRole gives a user a role on a place or the organization, where no
// dates are possible (§4.9).
func (c *Client) CreateScopeRole(ctx context.Context, to AssignmentFilter, role string, notify bool) (RoleAssignment, error) {
	type fields struct {
		AppliesToType string `json:"applies_to_type"`
		AppliesToID   int64  `json:"applies_to_id"`
		AssigneeType  string `json:"assignee_type"`
		AssigneeID    int64  `json:"assignee_id"`
		RoleID        string `json:"role_id"`
		Notify        bool   `json:"notify"`
	}
	return create[RoleAssignment](ctx, c, request{path: "/role_assignments", body: map[string]fields{"role_assignment": {
		AppliesToType: to.AppliesToType, AppliesToID: to.AppliesToID, AssigneeType: to.AssigneeType, AssigneeID: to.AssigneeID, RoleID: role, Notify: notify,
	}}})
}

// DeleteRoleAssignment takes a right away; one that is gone already is fine.
func (c *Client) DeleteRoleAssignment(ctx context.Context, id int64) error {
	return c.remove(ctx, at("/role_assignments", id))
}

// patchRoleAssignment asks for a change. That it is answered with 204 proves
// nothing: the published schema of this call is broken (§4.7).
func (c *Client) patchRoleAssignment(ctx context.Context, id int64, r Right) error {
	type fields struct {
		RoleID     string  `json:"role_id"`
		Notify     bool    `json:"notify"`
		ValidFrom  *string `json:"valid_from"`
		ValidUntil *string `json:"valid_until"`
	}
	return c.change(ctx, request{method: http.MethodPatch, path: at("/role_assignments", id), body: map[string]fields{"role_assignment": {
		RoleID: r.Role, Notify: r.Notify, ValidFrom: timestamp(r.From), ValidUntil: timestamp(r.Until),
	}}})
}
