package kisi

import "context"

// GroupLock is a door in a group (§5.4).
type GroupLock struct {
	ID      int64 `json:"id"`
	GroupID int64 `json:"group_id"`
	LockID  int64 `json:"lock_id"`
}

func (g GroupLock) key() int64 { return g.ID }

func (g GroupLock) flaw() string {
	if g.ID == 0 {
		return lacks("id", true)
	}
	return lacks("lock_id", g.LockID == 0)
}

// GroupLocks reads the doors of a group.
func (c *Client) GroupLocks(ctx context.Context, group int64) ([]GroupLock, error) {
	return list[GroupLock](ctx, c, listing{path: "/group_locks", query: byGroup(group), limit: 250})
}

// CreateGroupLock puts a door into a group.
func (c *Client) CreateGroupLock(ctx context.Context, group, lock int64) (GroupLock, error) {
	body := map[string]any{"group_lock": map[string]int64{"group_id": group, "lock_id": lock}}
	return create[GroupLock](ctx, c, request{path: "/group_locks", body: body})
}

// DeleteGroupLock takes a door out of a group; id is the connection's. One
// that is gone already is fine.
func (c *Client) DeleteGroupLock(ctx context.Context, id int64) error {
	return c.remove(ctx, at("/group_locks", id))
}
