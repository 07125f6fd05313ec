package kisi

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// OpeningOf is a door or an elevator stop, and the groups that may open it.
type OpeningOf struct {
	Thing access.RemoteID
	Stop  bool
	Among []access.RemoteID // the groups that can
	Known []access.RemoteID // those of them that are believed to
}

// Opening returns those groups that open a door or an elevator stop, in the
// order of Among. Kisi's list of groups has a filter for it (§5.2: lock_id,
// elevator_stop_id); each group that it names is looked at, for a filter that
// was not understood names all of them. One that names nobody, or leaves out a
// group that opens it as was known, is not believed: then all are looked at, a
// call for each.
func (t *Target) Opening(ctx context.Context, of OpeningOf) (opening []access.RemoteID, err error) {
	named, err := t.client.groupsWith(ctx, of)
	if err != nil {
		return nil, err
	}
	opens := map[access.RemoteID]bool{}
	look := func(groups []access.RemoteID, less func(access.RemoteID) bool) (found int, err error) {
		for _, group := range groups {
			if _, looked := opens[group]; looked || less(group) {
				continue
			}
			if opens[group], err = t.client.opens(ctx, group, of); err != nil {
				return found, err
			}
			if opens[group] {
				found++
			}
		}
		return found, nil
	}
	unnamed := func(group access.RemoteID) bool { return !named[group] }
	found, err := look(of.Among, unnamed)
	if err != nil {
		return nil, err
	}
	never := func(access.RemoteID) bool { return false }
	missed, err := look(of.Known, never)
	if err != nil {
		return nil, err
	}
	if found == 0 || missed > 0 {
		if _, err = look(of.Among, never); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(of.Among), func(group access.RemoteID) bool { return !opens[group] }), nil
}

// groupsWith are the groups that the list of groups names for a door or stop.
func (c *Client) groupsWith(ctx context.Context, of OpeningOf) (map[access.RemoteID]bool, error) {
	filter := "lock_id"
	if of.Stop {
		filter = "elevator_stop_id"
	}
	query := url.Values{filter: {strconv.FormatInt(int64(of.Thing), 10)}}
	rows, err := listLong[Group](ctx, c, listing{path: "/groups", query: query, sort: "name", limit: 250})
	named := map[access.RemoteID]bool{}
	for _, row := range rows {
		named[access.RemoteID(row.ID)] = true
	}
	return named, err
}

// opens says that a group opens a door or stop.
func (c *Client) opens(ctx context.Context, group access.RemoteID, of OpeningOf) (bool, error) {
	if of.Stop {
		rows, err := c.GroupElevatorStops(ctx, int64(group))
		return slices.ContainsFunc(rows, func(r GroupElevatorStop) bool { return r.ElevatorStopID == int64(of.Thing) }), err
	}
	rows, err := c.GroupLocks(ctx, int64(group))
	return slices.ContainsFunc(rows, func(r GroupLock) bool { return r.LockID == int64(of.Thing) }), err
}
