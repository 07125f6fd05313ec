package kisisim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// groupLinkJSON is an access link as Kisi's OpenAPI has it under "Group links". Links belong to the customer's own people; the simulator lets
// them be read and nothing else.
type groupLinkJSON struct {
	ID            int64      `json:"id"`
	ResourceType  string     `json:"resource_type"`
	Name          string     `json:"name"`
	Email         *string    `json:"email"`
	Phone         *string    `json:"phone"`
	LastUsedAt    *time.Time `json:"last_used_at"`
	LinkEnabled   bool       `json:"link_enabled"`
	QRCode        *string    `json:"quick_response_code_type"`
	ValidFrom     *time.Time `json:"valid_from"`
	ValidUntil    *time.Time `json:"valid_until"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
	GroupID       int64      `json:"group_id"`
	Group         any        `json:"group"`
	CreatedByType *string    `json:"created_by_type"`
	CreatedByID   *int64     `json:"created_by_id"`
	IssuedByID    *int64     `json:"issued_by_id"`
}

func (s *state) renderGroupLink(l *groupLink) any {
	return groupLinkJSON{ID: l.id, ResourceType: "GroupLink", Name: l.name, LinkEnabled: true, ValidUntil: l.until,
		CreatedAt: l.created, UpdatedAt: l.updated, GroupID: l.group, Group: s.brief(Group(l.group))}
}

func listGroupLinks(x *exchange) response {
	if x.st.assume.LinksRefused {
		return x.forbidden()
	}
	ids, groupID, question := x.query.ids(), x.query.number("group_id"), x.query.str("query")
	title := func(l *groupLink) string { return strings.ToLower(l.name) }
	groupTitle := func(l *groupLink) string { return strings.ToLower(x.st.groups.get(l.group).name) }
	return page(x, listing[groupLink]{
		rows: x.st.links.all,
		keep: func(l *groupLink) bool {
			return (ids == nil || slices.Contains(ids, l.id)) && (groupID == 0 || l.group == groupID) &&
				(question == "" || fuzzy(question, l.name, groupTitle(l))) && x.seesGroup(x.st.groups.get(l.group))
		},
		id:     func(l *groupLink) int64 { return l.id },
		render: func(l *groupLink) any { return x.st.renderGroupLink(l) },
		sorts: map[string]func(a, b *groupLink) int{
			"name":        func(a, b *groupLink) int { return strings.Compare(title(a), title(b)) },
			"group_name":  func(a, b *groupLink) int { return strings.Compare(groupTitle(a), groupTitle(b)) },
			"unlock":      func(a, b *groupLink) int { return 0 },
			"valid_until": func(a, b *groupLink) int { return cmp.Compare(lastSecond(a.until), lastSecond(b.until)) },
		},
	})
}

// lastSecond puts what never ends behind all that does.
func lastSecond(until *time.Time) int64 {
	if until == nil {
		return 1 << 62
	}
	return until.Unix()
}
