package scim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

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
	p := &directory.Record{Kind: directory.PersonIs, ID: u.id, Email: addressOf(u.resource, r.settings.Address), Name: nameOf(u.resource),
		Active: active, Changed: u.modified}
	for i := range r.attributes {
		if values := r.attributes[i].of(u.resource); len(values) > 0 {
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
		if address := bestOf(u.List("emails")); address != "" {
			return address
		}
	}
	if name := u.Text("userName"); email.Problem(name) == "" {
		return name
	}
	return ""
}

// bestOf returns the primary address, else the first one for work, else the first.
func bestOf(emails []any) (address string) {
	best := 0
	for _, e := range emails {
		o, _ := e.(*scim.Object)
		rank := 1
		switch {
		case o.Text("value") == "":
			rank = 0
		case o.Get("primary") == true:
			rank = 3
		case strings.EqualFold(o.Text("type"), "work"):
			rank = 2
		}
		if rank > best {
			best, address = rank, o.Text("value")
		}
	}
	return address
}

func nameOf(u scim.Resource) string {
	name := u.Object("name")
	for _, text := range []string{u.Text("displayName"), name.Text("formatted"), name.Text("givenName") + " " + name.Text("familyName")} {
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	return u.Text("userName")
}

// attribute is one that rules ask about.
type attribute struct {
	name string
	path scim.AttrPath
}

// readAttributes reads the names that the file gives: an attribute of the core schema or of the enterprise extension by itself (department,
// name.givenName), any other with its schema before it.
func readAttributes(names []string) ([]attribute, error) {
	users := scim.UserType()
	all := make([]attribute, len(names))
	for i, name := range names {
		path, err := scim.ParseAttrPath(name)
		if err != nil {
			return nil, fmt.Errorf("%q is no attribute of SCIM: write department, name.givenName, or urn:…:User:name", name)
		}
		for k := range users.Extensions {
			if path.URI == "" && users.Core.Attribute(path.Name) == nil && users.Extensions[k].Attribute(path.Name) != nil {
				path.URI = users.Extensions[k].ID
			}
		}
		if strings.EqualFold(path.URI, users.Core.ID) {
			path.URI = ""
		}
		all[i] = attribute{name, path}
	}
	return all, nil
}

// of returns the values of the attribute, as texts.
func (a *attribute) of(u scim.Resource) (values []string) {
	holder := u
	if a.path.URI != "" {
		holder = u.Object(a.path.URI)
	}
	for _, value := range holder.List(a.path.Name) {
		if o, ok := value.(*scim.Object); ok {
			sub := a.path.Sub
			if sub == "" {
				sub = "value"
			}
			value = o.Get(sub)
		} else if a.path.Sub != "" {
			continue
		}
		if text := textOf(value); text != "" {
			values = append(values, text)
		}
	}
	return values
}

func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	}
	return ""
}
