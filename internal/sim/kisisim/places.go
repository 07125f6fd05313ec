package kisisim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// placeJSON is the place object of §6.1.
type placeJSON struct {
	ID                int64      `json:"id"`
	ResourceType      string     `json:"resource_type"`
	Name              string     `json:"name"`
	Description       *string    `json:"description"`
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
	Latitude          *float64   `json:"latitude"`
	Longitude         *float64   `json:"longitude"`
	Address           string     `json:"address"`
	Image             *string    `json:"image"`
	TimeZone          string     `json:"time_zone"`
	TzTimeZone        string     `json:"tz_time_zone"`
	LocksCount        int        `json:"locks_count"`
	IntegrationsCount int        `json:"integrations_count"`
	LockedDown        bool       `json:"locked_down"`
	LockedDownSince   *time.Time `json:"locked_down_since"`
	OccupancyRate     *float64   `json:"occupancy_rate"`
	Favorite          *bool      `json:"favorite,omitempty"`
	OrganizationID    int64      `json:"organization_id"`
	Organization      any        `json:"organization"`
}

func (x *exchange) renderPlace(p *place) any {
	st := x.st
	out := placeJSON{
		ID: p.id, ResourceType: KindPlace, Name: p.name, CreatedAt: p.created, UpdatedAt: p.updated,
		Address: p.name + " 1", TimeZone: p.zone, TzTimeZone: p.zone,
		LocksCount:     countIf(st.locks.all(), func(l *lock) bool { return l.place == p.id }),
		OrganizationID: st.org.id, Organization: st.brief(st.orgRef()),
	}
	if x.query.has("favorite") {
		out.Favorite = new(bool)
	}
	return out
}

func countIf[T any](rows []*T, match func(*T) bool) int {
	n := 0
	for _, row := range rows {
		if match(row) {
			n++
		}
	}
	return n
}

func listPlaces(x *exchange) response {
	q := x.query
	ids, question, favorite := q.ids(), q.str("query"), q.flag("favorite")
	return page(x, listing[place]{
		rows: x.st.places.all,
		keep: func(p *place) bool {
			return (ids == nil || slices.Contains(ids, p.id)) && (question == "" || fuzzy(question, p.name)) &&
				favorite(false) && x.viewer.seesPlace(p.id)
		},
		id:     func(p *place) int64 { return p.id },
		render: x.renderPlace,
		sorts: map[string]func(a, b *place) int{
			"name":     func(a, b *place) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) },
			"favorite": func(a, b *place) int { return 0 },
		},
	})
}

func getPlace(x *exchange) response {
	if p := x.st.places.get(x.id); p != nil && x.viewer.seesPlace(p.id) {
		return ok(x.renderPlace(p))
	}
	return notFound()
}

// placeOfQuery reads the required place_id; false means that the place does not exist for the viewer.
func (x *exchange) placeOfQuery() (int64, bool) {
	id := x.query.number("place_id")
	return id, id == 0 || x.st.places.get(id) != nil && x.viewer.seesPlace(id)
}
