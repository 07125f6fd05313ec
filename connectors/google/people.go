package google

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/googleapi"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// The most that one answer holds, by the discovery document.
const (
	mostUsers   = 500
	mostGroups  = 200
	mostMembers = 200
)

// allPeople reads the units, if they are groups, and then the people, whose unit is told by its path.
func (r *reading) allPeople(ctx context.Context) error {
	if r.source.settings.reads(ofUnits) {
		units, err := r.units(ctx)
		if err != nil {
			return err
		}
		if err := r.hand(ctx, func() error { return r.putUnits(units) }); err != nil {
			return err
		}
	}
	for _, query := range r.source.settings.peopleQueries() {
		call := r.users().Fields(r.source.userFields()...)
		if query != "" {
			call = call.Query(query)
		}
		if mask := r.source.schemas(); mask != "" {
			call = call.Projection("custom").CustomFieldMask(mask)
		}
		if err := r.pagesOf(ctx, call, r.putPeople); err != nil {
			return fmt.Errorf("list users: %w", err)
		}
	}
	return nil
}

// allDeleted reads who was deleted in the last twenty days. Whoever is missing otherwise has only vanished.
func (r *reading) allDeleted(ctx context.Context) error {
	call := r.users().ShowDeleted("true").Fields("kind", "nextPageToken", "users(id)")
	err := r.pagesOf(ctx, call, func(all []*admin.User) error {
		for _, u := range all {
			r.gone = append(r.gone, u.Id)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list deleted users: %w", err)
	}
	return nil
}

// users is a list of users of the account or the domain.
func (r *reading) users() *admin.UsersListCall {
	s, call := &r.source.settings, r.api.Users.List().MaxResults(mostUsers)
	if s.Domain != "" {
		return call.Domain(s.Domain)
	}
	return call.Customer(cmp.Or(s.Customer, "my_customer"))
}

// pagesOf follows a list of users to its end and hands over each page.
func (r *reading) pagesOf(ctx context.Context, call *admin.UsersListCall, part func([]*admin.User) error) error {
	for {
		page, err := answer(call.Context(ctx).Do())
		if err != nil {
			return explain(err, admin.AdminDirectoryUserReadonlyScope)
		}
		if err := ofKind(page.Kind, "users"); err != nil {
			return err
		}
		if err := r.hand(ctx, func() error { r.proof.Pages++; return part(page.Users) }); err != nil {
			return err
		}
		if page.NextPageToken == "" {
			return nil
		}
		call = call.PageToken(page.NextPageToken)
	}
}

// peopleQueries are the searches that bring the people, one after another: Google knows no "or".
func (s *Settings) peopleQueries() []string {
	if len(s.People.Units) == 0 {
		return []string{s.People.Filter}
	}
	all := make([]string, len(s.People.Units))
	for i, unit := range s.People.Units {
		quoted := "orgUnitPath='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(unit) + "'"
		all[i] = strings.TrimSpace(quoted + " " + s.People.Filter)
	}
	return all
}

// userFields are the fields of users that are needed.
func (s *source) userFields() []googleapi.Field {
	wanted := []string{"id", "primaryEmail", "name/fullName", "suspended", "archived", "aliases", "nonEditableAliases", "customerId", "orgUnitPath"}
	for _, a := range s.fields {
		field := a.field
		if field == "name" {
			field = "name/" + a.parts[0]
		}
		if !slices.Contains(wanted, field) {
			wanted = append(wanted, field)
		}
	}
	return []googleapi.Field{"kind", "nextPageToken", googleapi.Field("users(" + strings.Join(wanted, ",") + ")")}
}

// schemas are the custom schemas that rules read something of.
func (s *source) schemas() string {
	var all []string
	for i := range s.fields {
		if schema := s.fields[i].schema(); schema != "" && !slices.Contains(all, schema) {
			all = append(all, schema)
		}
	}
	return strings.Join(all, ",")
}

// placed is somebody in a unit.
type placed struct{ id, path string }

func (r *reading) putPeople(all []*admin.User) error {
	for _, u := range all {
		if u.Id == "" {
			return errors.New("a user has no id")
		}
		if r.people[u.Id] {
			continue // a list that changes while it is read may say somebody twice
		}
		r.people[u.Id] = true
		r.accounts[u.CustomerId] = append(r.accounts[u.CustomerId], u.Id)
		r.proof.Entries++
		if err := r.put(r.source.person(u)); err != nil {
			return err
		}
		if err := r.place(placed{u.Id, u.OrgUnitPath}); err != nil {
			return err
		}
	}
	return nil
}

// person is what is known of somebody. Who is suspended or archived may not log in at Google, and so not come in here.
func (s *source) person(u *admin.User) *directory.Record {
	record := &directory.Record{Kind: directory.PersonIs, ID: u.Id, Email: u.PrimaryEmail, Active: directory.Yes, Attrs: attributesOf(s.fields, u)}
	if u.Suspended || u.Archived {
		record.Active = directory.No
	}
	if u.Name != nil {
		record.Name = u.Name.FullName
	}
	for _, alias := range slices.Concat(u.Aliases, u.NonEditableAliases) {
		record.Handles = append(record.Handles, directory.Ref{Kind: directory.ByMail, Value: email.Fold(alias)})
	}
	return record
}

// sayDeleted says who is gone for certain; Google ends their memberships with them. Who was seen as well came back meanwhile, or went.
func (r *reading) sayDeleted() error {
	for _, id := range r.gone {
		if id == "" || r.people[id] {
			continue
		}
		if err := r.put(&directory.Record{Kind: directory.Erased, ID: id}); err != nil {
			return err
		}
	}
	return nil
}
