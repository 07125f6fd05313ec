package kisisim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// teamJSON and membershipJSON are the objects of §5.5 and §5.6. Teams belong to the customer's own people; the simulator
// lets them be read and nothing else.
type teamJSON struct {
	ID           int64     `json:"id"`
	ResourceType string    `json:"resource_type"`
	Name         string    `json:"name"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

type membershipJSON struct {
	ID           int64     `json:"id"`
	ResourceType string    `json:"resource_type"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	TeamID       int64     `json:"team_id"`
	Team         any       `json:"team"`
	MemberType   string    `json:"member_type"`
	MemberID     int64     `json:"member_id"` // the user's id, despite the name (§2)
	Member       any       `json:"member"`
}

func (t *team) render() any {
	return teamJSON{ID: t.id, ResourceType: KindTeam, Name: t.name, CreatedAt: t.created, UpdatedAt: t.updated}
}

func (s *state) renderMembership(m *teamMembership) any {
	return membershipJSON{
		ID: m.id, ResourceType: "TeamMembership", CreatedAt: m.created, UpdatedAt: m.updated, TeamID: m.team,
		Team: s.brief(Team(m.team)), MemberType: m.member.Kind, MemberID: m.member.ID, Member: s.brief(m.member),
	}
}

func listTeams(x *exchange) response {
	ids, question := x.query.ids(), x.query.str("query")
	scope := x.query.oneOf("scope", "organization", "place")
	return page(x, listing[team]{
		rows: x.st.teams.all,
		keep: func(t *team) bool {
			return (ids == nil || slices.Contains(ids, t.id)) && (question == "" || fuzzy(question, t.name)) &&
				scope != "place" && x.viewer.seesAll()
		},
		id:     func(t *team) int64 { return t.id },
		render: func(t *team) any { return t.render() },
		sorts: map[string]func(a, b *team) int{
			"name": func(a, b *team) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) },
		},
	})
}

func getTeam(x *exchange) response {
	if t := x.st.teams.get(x.id); t != nil && x.viewer.seesAll() {
		return ok(t.render())
	}
	return notFound()
}

func listMemberships(x *exchange) response {
	member := x.refParam("member", KindUser, KindGuest)
	ids, teamID := x.query.ids(), x.query.number("team_id")
	if x.st.assume.MembershipsByTeam && teamID == 0 {
		return badRequest("param is missing or the value is empty: team_id")
	}
	return page(x, listing[teamMembership]{
		rows: x.st.memberships.all,
		keep: func(m *teamMembership) bool {
			return (ids == nil || slices.Contains(ids, m.id)) && (teamID == 0 || m.team == teamID) &&
				member.matches(m.member) && x.viewer.seesAll()
		},
		id:     func(m *teamMembership) int64 { return m.id },
		render: func(m *teamMembership) any { return x.st.renderMembership(m) },
	})
}

func getMembership(x *exchange) response {
	if m := x.st.memberships.get(x.id); m != nil && x.viewer.seesAll() {
		return ok(x.st.renderMembership(m))
	}
	return notFound()
}
