package google

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	admin "google.golang.org/api/admin/directory/v1"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// units reads all organizational units, the topmost one too. The list comes in one answer.
func (r *reading) units(ctx context.Context) ([]*admin.OrgUnit, error) {
	s := &r.source.settings
	list, err := answer(r.api.Orgunits.List(cmp.Or(s.Customer, "my_customer")).Type("allIncludingParent").
		Fields("kind", "organizationUnits(orgUnitId,orgUnitPath)").Context(ctx).Do())
	if err != nil {
		return nil, fmt.Errorf("list organizational units: %w", explain(err, admin.AdminDirectoryOrgunitReadonlyScope))
	}
	if err := ofKind(list.Kind, "orgUnits"); err != nil {
		return nil, err
	}
	return list.OrganizationUnits, nil
}

// putUnits makes a group of each unit that was not known yet, with the units right below it as members. A unit is called by its path.
func (r *reading) putUnits(units []*admin.OrgUnit) error {
	r.proof.Pages++
	var fresh []*admin.OrgUnit
	seen := map[string]bool{}
	for _, id := range r.places {
		seen[id] = true
	}
	for _, u := range units {
		if u.OrgUnitId == "" || u.OrgUnitPath == "" {
			return errors.New("an organizational unit has no id or no path")
		}
		r.places[u.OrgUnitPath] = u.OrgUnitId
		if !seen[u.OrgUnitId] {
			seen[u.OrgUnitId] = true
			fresh = append(fresh, u)
		}
	}
	for _, u := range fresh {
		r.proof.Entries++
		for _, kind := range []directory.Kind{directory.GroupIs, directory.MembersFrom} {
			if err := r.put(&directory.Record{Kind: kind, ID: u.OrgUnitId, Name: u.OrgUnitPath}); err != nil {
				return err
			}
		}
	}
	for _, u := range fresh {
		above := r.places[path.Dir(u.OrgUnitPath)]
		if above == "" || above == u.OrgUnitId {
			continue
		}
		if err := r.put(memberByID(above, u.OrgUnitId)); err != nil {
			return err
		}
	}
	return nil
}

// place makes somebody a member of their unit.
func (r *reading) place(p placed) error {
	if !r.source.settings.reads(ofUnits) {
		return nil
	}
	if unit := r.places[p.path]; unit != "" {
		return r.put(memberByID(unit, p.id))
	}
	r.lost = append(r.lost, p)
	return nil
}

// findLost reads the units once more where people are in units that were not there a moment before: they were made or renamed
// meanwhile. Whose unit is still unknown stays where they were.
func (r *reading) findLost(ctx context.Context) error {
	if len(r.lost) == 0 {
		return nil
	}
	units, err := r.units(ctx)
	if err != nil {
		return err
	}
	if err := r.putUnits(units); err != nil {
		return err
	}
	again := r.lost
	r.lost = nil
	for _, p := range again {
		if err := r.place(p); err != nil {
			return err
		}
	}
	var paths []string
	for _, p := range r.lost {
		if err := r.put(&directory.Record{Kind: directory.MembershipsStay, ID: p.id}); err != nil {
			return err
		}
		if !slices.Contains(paths, p.path) {
			paths = append(paths, p.path)
			r.remark("there is no organizational unit %q, though somebody is in it: they stay in the groups where they were", p.path)
		}
	}
	return nil
}

func memberByID(group, id string) *directory.Record {
	return &directory.Record{Kind: directory.MemberIs, ID: group, Member: directory.Ref{Kind: directory.ByID, Value: id}}
}
