package kisi

import (
	"cmp"
	"context"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// Catalog reads what there is to be granted: places, doors, elevator stops and
// groups by the names that people use, and the roles that fit a group. It
// takes one call for each place and five to seven for the rest.
func (t *Target) Catalog(ctx context.Context) (*access.Catalog, error) {
	organization, err := t.client.Organization(ctx)
	if err != nil {
		return nil, err
	}
	self, err := t.client.Self(ctx)
	if err != nil {
		return nil, err
	}
	out := &access.Catalog{Self: access.RemoteID(self.ID), Organization: organizationOf(organization)}
	for _, read := range []func(context.Context, *access.Catalog) error{t.addRoles, t.addGroups, t.addPlaces, t.addDoors, t.addStops} {
		if err := read(ctx, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func organizationOf(o Organization) access.Organization {
	return access.Organization{ID: access.RemoteID(o.ID), Name: o.Name, Domain: o.Domain, Owner: access.RemoteID(o.OwnerID)}
}

func (t *Target) addRoles(ctx context.Context, out *access.Catalog) error {
	roles, err := t.client.Roles(ctx)
	for _, r := range roles {
		if r.AppliesTo == typeGroup {
			out.Roles = append(out.Roles, r.ID)
		}
	}
	slices.Sort(out.Roles)
	if err == nil && t.followsRoles() {
		out.ScopeRoles, err = t.scopeRoles(ctx, roles, out)
	}
	return err
}

func (t *Target) addGroups(ctx context.Context, out *access.Catalog) error {
	groups, err := t.client.Groups(ctx)
	out.Groups = groupRows(groups)
	slices.SortFunc(out.Groups, func(a, b access.Group) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

func (t *Target) addPlaces(ctx context.Context, out *access.Catalog) error {
	places, err := t.client.Places(ctx)
	for _, p := range places {
		out.Places = append(out.Places, access.Place{ID: access.RemoteID(p.ID), Name: p.Name, Zone: p.Zone})
	}
	slices.SortFunc(out.Places, func(a, b access.Place) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

func (t *Target) addDoors(ctx context.Context, out *access.Catalog) error {
	locks, err := t.client.Locks(ctx)
	for _, l := range locks {
		out.Doors = append(out.Doors, access.Door{ID: access.RemoteID(l.ID), Place: access.RemoteID(l.PlaceID), Name: l.Name})
	}
	slices.SortFunc(out.Doors, func(a, b access.Door) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

func (t *Target) addStops(ctx context.Context, out *access.Catalog) error {
	for _, p := range out.Places {
		stops, err := t.client.ElevatorStops(ctx, int64(p.ID))
		if err != nil {
			return err
		}
		names, err := t.elevatorNames(ctx, int64(p.ID), stops)
		if err != nil {
			return err
		}
		for _, s := range stops {
			out.Stops = append(out.Stops, access.Stop{
				ID: access.RemoteID(s.ID), Place: p.ID, Name: s.Name,
				Elevator: access.RemoteID(s.ElevatorID), ElevatorName: names[s.ElevatorID],
			})
		}
	}
	slices.SortFunc(out.Stops, func(a, b access.Stop) int { return cmp.Compare(a.ID, b.ID) })
	return nil
}

// elevatorNames takes the names from the stops, and asks only if one of them
// does not say.
func (t *Target) elevatorNames(ctx context.Context, place int64, stops []ElevatorStop) (map[int64]string, error) {
	names := map[int64]string{}
	unsaid := false
	for _, s := range stops {
		names[s.ElevatorID] = s.Elevator.Name
		unsaid = unsaid || s.Elevator.Name == ""
	}
	if !unsaid {
		return names, nil
	}
	elevators, err := t.client.Elevators(ctx, place)
	for _, e := range elevators {
		names[e.ID] = e.Name
	}
	return names, err
}
