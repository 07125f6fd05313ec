package scim

import (
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/scim"
)

// person returns what a user is to a directory. Its id is ours, which no provider changes.
func (r *reading) person(u *row) *directory.Record {
	active := directory.Yes
	if on, said := u.resource.Get("active").(bool); said && !on {
		active = directory.No
	}
	p := &directory.Record{Kind: directory.PersonIs, ID: u.id, Email: addressOf(u.resource, r.settings.People.Email), Name: scim.NameOf(u.resource),
		Active: active, Changed: u.modified}
	for i := range r.attributes {
		if values := r.attributes[i].getter.Values(u.resource); len(values) > 0 {
			p.Attrs = append(p.Attrs, directory.Attr{Name: r.attributes[i].name, Values: values})
		}
	}
	return p
}

// group puts a group with the members that there are.
func (r *reading) group(g *row) error {
	if err := r.put(&directory.Record{Kind: directory.GroupIs, ID: g.id, Name: g.resource.Text("displayName"), Changed: g.modified}); err != nil {
		return err
	}
	if err := r.put(&directory.Record{Kind: directory.MembersFrom, ID: g.id}); err != nil {
		return err
	}
	for _, m := range g.resource.List("members") {
		id := memberOf(m)
		what, err := r.book.typeOf(id)
		if err != nil {
			return err
		}
		if what == "" {
			continue // deleted since
		}
		if err := r.put(&directory.Record{Kind: directory.MemberIs, ID: g.id, Member: directory.Ref{Kind: directory.ByID, Value: id}}); err != nil {
			return err
		}
	}
	return nil
}

// addressOf returns the e-mail address of a user, "" when there is none.
func addressOf(u scim.Resource, from string) string {
	if from == fromEmails {
		if address := scim.AddressOf(u); address != "" {
			return address
		}
	}
	if name := u.Text("userName"); email.Problem(name) == "" {
		return name
	}
	return ""
}

// attribute is one that rules ask about.
type attribute struct {
	name   string
	getter scim.Getter
}

// readAttributes reads the names that the file gives: an attribute of the core schema or of the enterprise extension by itself (department,
// name.givenName), any other with its schema before it.
func readAttributes(names []string) ([]attribute, error) {
	users := scim.UserType()
	all := make([]attribute, len(names))
	for i, name := range names {
		getter, err := scim.ReadGetter(users, name)
		if err != nil {
			return nil, fmt.Errorf("%q is no attribute of SCIM: write department, name.givenName, or urn:…:User:name", name)
		}
		all[i] = attribute{name, getter}
	}
	return all, nil
}
