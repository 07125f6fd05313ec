package kisisim

import (
	"slices"
	"time"
)

// groupLockJSON says that a group opens a door (§5.4).
type groupLockJSON struct {
	ID           int64     `json:"id"`
	ResourceType string    `json:"resource_type"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	GroupID      int64     `json:"group_id"`
	Group        any       `json:"group"`
	LockID       int64     `json:"lock_id"`
	Lock         any       `json:"lock"`
	PlaceID      int64     `json:"place_id"`
	Place        any       `json:"place"`
}

// doorJSON is the lock inside a group_lock: no resource_type, unlike everything else.
type doorJSON struct {
	ID          int64   `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

func (s *state) renderGroupLock(l *groupLock) any {
	door := s.locks.get(l.lock)
	return groupLockJSON{
		ID: l.id, ResourceType: "GroupLock", CreatedAt: l.created, UpdatedAt: l.updated,
		GroupID: l.group, Group: s.brief(Group(l.group)), LockID: l.lock, Lock: doorJSON{ID: door.id, Name: door.name},
		PlaceID: door.place, Place: s.brief(Place(door.place)),
	}
}

// groupDoor finds the row that gives a group a door; nil if there is none.
func (s *state) groupDoor(groupID, lockID int64) *groupLock {
	for _, l := range s.groupLocks.pick(s.doorsByGroup[groupID]) {
		if l.lock == lockID {
			return l
		}
	}
	return nil
}

func listGroupLocks(x *exchange) response {
	q, st := x.query, x.st
	ids, groupID, lockID, question := q.ids(), q.number("group_id"), q.number("lock_id"), q.str("query")
	if g := st.groups.get(groupID); len(q.errs) == 0 && (g == nil || !x.seesGroup(g)) {
		return notFound()
	}
	return page(x, listing[groupLock]{
		rows: func() []*groupLock { return st.groupLocks.pick(st.doorsByGroup[groupID]) },
		keep: func(l *groupLock) bool {
			return (ids == nil || slices.Contains(ids, l.id)) && (lockID == 0 || l.lock == lockID) &&
				(question == "" || fuzzy(question, st.locks.get(l.lock).name))
		},
		id:     func(l *groupLock) int64 { return l.id },
		render: func(l *groupLock) any { return st.renderGroupLock(l) },
	})
}

func createGroupLock(x *exchange) response {
	b, refusal := x.readBody("group_lock")
	if refusal != nil {
		return *refusal
	}
	l := &groupLock{group: b.number("group_id"), lock: b.number("lock_id")}
	b.need("group_id", "lock_id")
	b.leftover()
	g, door := x.st.groups.get(l.group), x.st.locks.get(l.lock)
	if len(b.errs) == 0 && (g == nil || !x.seesGroup(g)) {
		b.errs.add("group", "must exist")
	}
	if len(b.errs) == 0 && (door == nil || g.place != 0 && g.place != door.place) {
		b.errs.add("lock", "must exist") // a place group holds doors of its place only (§5.3)
	}
	if len(b.errs) > 0 {
		return unprocessable(b.errs)
	}
	if !x.viewer.may("group_locks_write", g.place) {
		return x.forbidden()
	}
	x.guardRow(g.origin, "group", g.id, "given a door")
	if x.st.groupDoor(l.group, l.lock) != nil {
		return x.duplicate(x.st.assume.doorRefusal(), "lock_id")
	}
	x.st.putGroupLock(l)
	return ok(x.st.renderGroupLock(l))
}

// groupLockOf finds the row that the path names, unless its group is out of sight.
func (x *exchange) groupLockOf() (*groupLock, *group) {
	l := x.st.groupLocks.get(x.id)
	if l == nil {
		return nil, nil
	}
	g := x.st.groups.get(l.group)
	if !x.seesGroup(g) {
		return nil, nil
	}
	return l, g
}

func getGroupLock(x *exchange) response {
	if l, _ := x.groupLockOf(); l != nil {
		return ok(x.st.renderGroupLock(l))
	}
	return notFound()
}

func deleteGroupLock(x *exchange) response {
	l, g := x.groupLockOf()
	if l == nil {
		return notFound()
	}
	if !x.viewer.may("group_locks_write", g.place) {
		return x.forbidden()
	}
	x.guardDoor(l.origin, g, "group lock", l.id)
	x.st.dropGroupLock(l)
	return done()
}
