package kisisim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// lockJSON is the lock object of §6.2: a door.
type lockJSON struct {
	ID                      int64      `json:"id"`
	ResourceType            string     `json:"resource_type"`
	CreatedAt               time.Time  `json:"created_at"`
	UpdatedAt               time.Time  `json:"updated_at"`
	Configured              bool       `json:"configured"`
	Description             *string    `json:"description"`
	FirstToArriveUntil      *time.Time `json:"first_to_arrive_required_until"`
	FirstToArriveSatisfied  bool       `json:"first_to_arrive_satisfied"`
	Latitude                *float64   `json:"latitude"`
	Longitude               *float64   `json:"longitude"`
	LockedDown              bool       `json:"locked_down"`
	LockedDownSince         *time.Time `json:"locked_down_since"`
	Name                    string     `json:"name"`
	OnScheduledUnlock       bool       `json:"on_scheduled_unlock"`
	Online                  *bool      `json:"online"`
	Open                    bool       `json:"open"`
	OrderID                 *int64     `json:"order_id"`
	Unlocked                bool       `json:"unlocked"`
	GeofenceRestriction     *bool      `json:"geofence_restriction_enabled"`
	GeofenceRadius          float64    `json:"geofence_restriction_radius"`
	ReaderRestriction       *bool      `json:"reader_restriction_enabled"`
	TimeRestriction         *bool      `json:"time_restriction_enabled"`
	TimeRestrictionTimeZone *string    `json:"time_restriction_time_zone"`
	PlaceID                 int64      `json:"place_id"`
	Place                   any        `json:"place"`
	FloorID                 *int64     `json:"floor_id"`
}

// sitedJSON is the place inside a lock: with its position and without resource_type.
type sitedJSON struct {
	ID        int64    `json:"id"`
	Name      string   `json:"name"`
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

func (s *state) renderLock(l *lock) any {
	online := true
	out := lockJSON{
		ID: l.id, ResourceType: "Lock", CreatedAt: l.created, UpdatedAt: l.updated, Configured: true, Name: l.name, Online: &online,
		GeofenceRadius: 100, PlaceID: l.place, Place: sitedJSON{ID: l.place, Name: s.places.get(l.place).name},
	}
	if l.floor != 0 {
		out.FloorID = &l.floor
	}
	return out
}

func listLocks(x *exchange) response {
	q, st := x.query, x.st
	ids, question, floorID, placeID := q.ids(), q.str("query"), q.number("floor_id"), q.number("place_id")
	configured, online, unlocked := q.flag("configured"), q.flag("online"), q.flag("unlocked")
	lockedDown, favorite := q.flag("locked_down"), q.flag("favorite")
	return page(x, listing[lock]{
		rows: st.locks.all,
		keep: func(l *lock) bool {
			return (ids == nil || slices.Contains(ids, l.id)) && (question == "" || fuzzy(question, l.name)) &&
				(floorID == 0 || l.floor == floorID) && (placeID == 0 || l.place == placeID) &&
				configured(true) && online(true) && unlocked(false) && lockedDown(false) && favorite(false) &&
				x.viewer.seesPlace(l.place)
		},
		id:     func(l *lock) int64 { return l.id },
		render: func(l *lock) any { return st.renderLock(l) },
		sorts: map[string]func(a, b *lock) int{
			"name": func(a, b *lock) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) },
		},
	})
}

func getLock(x *exchange) response {
	if l := x.st.locks.get(x.id); l != nil && x.viewer.seesPlace(l.place) {
		return ok(x.st.renderLock(l))
	}
	return notFound()
}
