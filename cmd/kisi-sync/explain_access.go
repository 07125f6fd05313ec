package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/audit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/explain"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// explainAccess tells who may open a door, or the doors of a group.
func (s *session) explainAccess(ctx context.Context, x *explaining) error {
	doc, err := s.access(ctx, x)
	if doc == nil {
		return err
	}
	if s.ui.JSON {
		if err := s.ui.Print(doc); err != nil {
			return err
		}
	}
	s.teller().Holders(doc, x.all)
	return err
}

// access finds out who may open a door, or the doors of a group. A directory that could not be read is an error beside the document.
func (s *session) access(ctx context.Context, x *explaining) (*explain.Holders, error) {
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	defer s.lookingAtKisi()()
	resolve := s.engine.Resolve
	if x.remembered {
		resolve = s.engine.ResolveKnown
	}
	o, err := resolve(ctx)
	if err != nil {
		return nil, exit.Also(readErr, withoutKisi(err))
	}
	find := s.namedGroup
	if x.door != "" {
		find = s.namedDoor
	}
	r, err := find(ctx, o, x)
	if err != nil {
		return nil, exit.Also(readErr, err)
	}
	r.remembered, r.ofGroup = x.remembered, x.door == ""
	doc, err := s.hold(ctx, o, r)
	if err != nil {
		return nil, exit.Also(readErr, withoutKisi(err))
	}
	return doc, readErr
}

// withoutKisi says what can be told when Kisi does not answer.
func withoutKisi(err error) error {
	return exit.Failed(err, "--remembered says what kisi-sync knows of it without asking")
}

// reach is whose holders are asked for: some groups, and the places where roles open the same doors.
type reach struct {
	name       string // of the door or group
	groups     []access.Group
	places     []access.RemoteID
	remembered bool // Kisi is not asked
	ofGroup    bool // it was a group that was asked for, not a door
}

// hold tells who may open the doors of some groups.
func (s *session) hold(ctx context.Context, o *engine.Outlook, r reach) (*explain.Holders, error) {
	x := explain.HoldersOf{Asked: r.name, OfGroup: r.ofGroup, Remembered: r.remembered, Groups: r.groups, Outlook: o}
	of := access.HoldersOf{Places: r.places}
	for _, g := range r.groups {
		of.Groups = append(of.Groups, g.ID)
	}
	var err error
	if r.remembered {
		x.Holders = explain.Remembered(o.Input.Owned, of.Groups)
		x.Answer, err = s.told(ctx, of.Groups)
	} else {
		x.Holders, err = s.target.Holders(ctx, of)
	}
	if err != nil {
		return nil, err
	}
	x.At = now().UTC()
	return explain.NewHolders(x), nil
}

// told is what the audit trail says of some groups; empty when it tells of none of them.
func (s *session) told(ctx context.Context, groups []access.RemoteID) (record.Answer, error) {
	trail, ok := s.store.(interface {
		HoldersOf(ctx context.Context, groups []access.RemoteID, at time.Time) (record.Answer, error)
	})
	if !ok {
		return record.Answer{}, nil
	}
	a, err := trail.HoldersOf(ctx, groups, now())
	if errors.Is(err, store.ErrUntold) {
		return record.Answer{}, nil
	}
	return a, audit.Broken(err)
}

// namedDoor finds a door, and the groups that open it.
func (s *session) namedDoor(ctx context.Context, o *engine.Outlook, x *explaining) (r reach, err error) {
	found, near := mapping.FindOpenings(o.Words.Catalog, x.door)
	switch {
	case len(found) == 0:
		return r, exit.Usage(fmt.Errorf("there is no door or elevator stop %q", x.door), near)
	case len(found) > 1:
		var all []string
		for _, f := range found {
			all = append(all, fmt.Sprintf("%s (%d)", f.Name, f.ID))
		}
		return r, exit.Usage(fmt.Errorf("%d doors or elevator stops are called %q", len(found), x.door), "write one of them whole: "+strings.Join(all, ", "))
	}
	door := found[0]
	ids, err := s.groupsOpening(ctx, o, door, x.remembered)
	if err != nil {
		return r, withoutKisi(err)
	}
	r.name, r.places = door.Name, []access.RemoteID{door.Place}
	for _, g := range o.Words.Catalog.Groups {
		if ids[g.ID] {
			r.groups = append(r.groups, g)
		}
	}
	return r, nil
}

// groupsOpening returns the groups that open a door, of those of its place and of the organization. If they are remembered, it is as
// the file says, and as it was last seen of groups whose doors are looked at.
func (s *session) groupsOpening(ctx context.Context, o *engine.Outlook, door mapping.Opening, remembered bool) (map[access.RemoteID]bool, error) {
	ids := map[access.RemoteID]bool{}
	if !remembered {
		var among []access.RemoteID
		for _, g := range o.Words.Catalog.Groups {
			if g.Place == 0 || g.Place == door.Place {
				among = append(among, g.ID)
			}
		}
		opening, err := s.target.Opening(ctx, kisi.OpeningOf{Thing: door.ID, Stop: door.Stop, Among: among, Known: knownToOpen(o, door)})
		for _, id := range opening {
			ids[id] = true
		}
		return ids, err
	}
	trail, ok := s.store.(interface {
		GroupsOpening(ctx context.Context, door string, at time.Time) ([]access.RemoteID, error)
	})
	if !ok {
		return ids, nil
	}
	opening, err := trail.GroupsOpening(ctx, door.Name, now())
	if errors.Is(err, store.ErrUntold) {
		err = nil
	}
	for _, id := range opening {
		ids[id] = true
	}
	return ids, audit.Broken(err)
}

// knownToOpen are the groups into which kisi-sync put a door or stop.
func knownToOpen(o *engine.Outlook, door mapping.Opening) (ids []access.RemoteID) {
	things := func(doors, stops []access.Opening) []access.Opening {
		if door.Stop {
			return stops
		}
		return doors
	}
	for i := range o.Input.Owned.Groups {
		g := &o.Input.Owned.Groups[i]
		if slices.ContainsFunc(things(g.Doors, g.Stops), func(a access.Opening) bool { return a.Thing == door.ID }) {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// namedGroup finds a group, and the places of its doors, where roles open them, too.
func (s *session) namedGroup(ctx context.Context, o *engine.Outlook, x *explaining) (r reach, err error) {
	found, near := mapping.FindGroups(o.Words.Catalog, o.Input.Desired.Groups, x.group)
	switch {
	case len(found) == 0:
		return r, exit.Usage(fmt.Errorf("there is no group %q in Kisi", x.group), near)
	case len(found) > 1:
		var all []string
		for _, g := range found {
			all = append(all, fmt.Sprintf("%d (%s, %s)", g.ID, scopeName(o.Words.Catalog, g.Place), voice.Count(g.Users, "user", "users")))
		}
		return r, exit.Usage(fmt.Errorf("%d groups are called %q", len(found), x.group), "write one of these ids: "+strings.Join(all, ", "))
	}
	r.name, r.groups = found[0].Name, found
	if place := o.Words.Catalog.PlaceName(found[0].Place); place != "" {
		r.name = place + " / " + r.name
	}
	if x.remembered {
		return r, nil
	}
	state, err := s.target.Observe(ctx, access.Scope{Doors: []access.RemoteID{found[0].ID}})
	if err != nil {
		return r, withoutKisi(err)
	}
	r.places = placesOf(o.Words.Catalog, state, found[0].ID)
	return r, nil
}

func scopeName(c *access.Catalog, place access.RemoteID) string {
	if place == 0 {
		return "of the organization"
	}
	return "of " + c.PlaceName(place)
}

// placesOf returns the places of what a group opens.
func placesOf(c *access.Catalog, state *access.State, group access.RemoteID) (places []access.RemoteID) {
	g, ok := state.Group(group)
	if !ok {
		return nil
	}
	opens := map[access.RemoteID]bool{}
	for _, o := range g.Doors {
		for _, d := range c.Doors {
			opens[d.Place] = opens[d.Place] || d.ID == o.Thing
		}
	}
	for _, o := range g.Stops {
		for _, st := range c.Stops {
			opens[st.Place] = opens[st.Place] || st.ID == o.Thing
		}
	}
	for _, p := range c.Places {
		if opens[p.ID] {
			places = append(places, p.ID)
		}
	}
	return places
}
