package google

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/googleapi"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// An attribute is written as Google's API calls it:
//
//	orgUnitPath, isAdmin, name.familyName      one field
//	organizations.department                   of a list: that part of each entry, the primary one first
//	relations[manager].value                   of a list: of the entries with this type or customType only; [primary] is the primary one
//	customSchemas.Doors.contractEnd            a custom field: its schema and its name
type attribute struct {
	name     string // as written
	field    string // of the User resource
	only     string // type of the entries that count, "" for all
	parts    []string
	single   func(*admin.User) []string // of a field that is no list
	manifold func(*admin.User) any      // of a field that is a list
}

func (a *attribute) schema() string {
	if a.field == "customSchemas" {
		return a.parts[0]
	}
	return ""
}

var spelling = regexp.MustCompile(`^([A-Za-z0-9]+)(?:\[([^\]]+)\])?((?:\.[^.\[\]]+)*)$`)

// parseAttributes understands the names that rules read, sorted as they are given. The error names those that Google does not know.
func parseAttributes(names []string) ([]attribute, error) {
	var all []attribute
	var unknown []string
	for _, name := range names {
		if a, ok := parseAttribute(name); ok {
			all = append(all, a)
		} else {
			unknown = append(unknown, strconv.Quote(name))
		}
	}
	if unknown != nil {
		return nil, &setting{"attributes", &hinted{fmt.Errorf("no attribute of Google's users is called %s", strings.Join(unknown, ", ")),
			"write orgUnitPath, organizations.department, relations[manager].value, customSchemas.SCHEMA.FIELD, or another field of Google's users"}}
	}
	return all, nil
}

func parseAttribute(name string) (attribute, bool) {
	m := spelling.FindStringSubmatch(name)
	if m == nil {
		return attribute{}, false
	}
	a := attribute{name: name, field: m[1], only: m[2], parts: strings.Split(strings.TrimPrefix(m[3], "."), ".")}
	if m[3] == "" {
		a.parts = nil
	}
	if a.field == "customSchemas" {
		return a, len(a.parts) == 2 && a.only == ""
	}
	if a.manifold = lists()[a.field]; a.manifold != nil {
		return a, len(a.parts) == 1
	}
	a.single = fields()[strings.Join(append([]string{a.field}, a.parts...), ".")]
	return a, a.single != nil && a.only == ""
}

// values are what a user has there, as text, without empty ones.
func (a *attribute) values(u *admin.User) []string {
	var all []string
	switch {
	case a.single != nil:
		all = a.single(u)
	case a.manifold != nil:
		all = entries(a.manifold(u), a.only, a.parts[0])
	default:
		all = custom(u.CustomSchemas[a.parts[0]], a.parts[1])
	}
	return slices.DeleteFunc(all, func(v string) bool { return v == "" })
}

// entries takes one part out of a list such as organizations. Some lists of Google's are one entry only (gender), and some entries
// are texts.
func entries(list any, only, part string) []string {
	all, ok := list.([]any)
	if !ok {
		all = []any{list}
	}
	var first, rest []string
	for _, one := range all {
		e, ok := one.(map[string]any)
		if !ok || only != "" && !isOf(e, only) {
			continue
		}
		if e["primary"] == true {
			first = append(first, texts(e[part])...)
			continue
		}
		rest = append(rest, texts(e[part])...)
	}
	return append(first, rest...)
}

func isOf(entry map[string]any, kind string) bool {
	return entry["type"] == kind || entry["customType"] == kind || kind == "primary" && entry["primary"] == true
}

// custom takes one field out of a custom schema. A field with several values is a list of entries with a value each.
func custom(schema googleapi.RawMessage, field string) []string {
	var values map[string]any
	if len(schema) == 0 || json.Unmarshal(schema, &values) != nil {
		return nil
	}
	list, ok := values[field].([]any)
	if !ok {
		return texts(values[field])
	}
	var all []string
	for _, one := range list {
		if e, ok := one.(map[string]any); ok {
			one = e["value"]
		}
		all = append(all, texts(one)...)
	}
	return all
}

// texts writes a value of JSON as rules read it.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{strings.TrimSpace(v)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	}
	return nil
}

// attributesOf are the attributes that were asked for and that a user has.
func attributesOf(fields []attribute, u *admin.User) []directory.Attr {
	var all []directory.Attr
	for i := range fields {
		if values := fields[i].values(u); len(values) > 0 {
			all = append(all, directory.Attr{Name: fields[i].name, Values: values})
		}
	}
	return all
}

// lists are the fields that have the type "any" in the discovery document and are lists of entries.
func lists() map[string]func(*admin.User) any {
	return map[string]func(*admin.User) any{
		"addresses":     func(u *admin.User) any { return u.Addresses },
		"emails":        func(u *admin.User) any { return u.Emails },
		"externalIds":   func(u *admin.User) any { return u.ExternalIds },
		"gender":        func(u *admin.User) any { return u.Gender },
		"ims":           func(u *admin.User) any { return u.Ims },
		"keywords":      func(u *admin.User) any { return u.Keywords },
		"languages":     func(u *admin.User) any { return u.Languages },
		"locations":     func(u *admin.User) any { return u.Locations },
		"notes":         func(u *admin.User) any { return u.Notes },
		"organizations": func(u *admin.User) any { return u.Organizations },
		"phones":        func(u *admin.User) any { return u.Phones },
		"posixAccounts": func(u *admin.User) any { return u.PosixAccounts },
		"relations":     func(u *admin.User) any { return u.Relations },
		"websites":      func(u *admin.User) any { return u.Websites },
	}
}

// fields are those with one value, or with texts.
func fields() map[string]func(*admin.User) []string {
	yes := func(of func(*admin.User) bool) func(*admin.User) []string {
		return func(u *admin.User) []string { return []string{strconv.FormatBool(of(u))} }
	}
	text := func(of func(*admin.User) string) func(*admin.User) []string {
		return func(u *admin.User) []string { return []string{of(u)} }
	}
	name := func(of func(*admin.UserName) string) func(*admin.User) []string {
		return text(func(u *admin.User) string {
			if u.Name == nil {
				return ""
			}
			return of(u.Name)
		})
	}
	return map[string]func(*admin.User) []string{
		"primaryEmail":       text(func(u *admin.User) string { return u.PrimaryEmail }),
		"orgUnitPath":        text(func(u *admin.User) string { return u.OrgUnitPath }),
		"customerId":         text(func(u *admin.User) string { return u.CustomerId }),
		"creationTime":       text(func(u *admin.User) string { return u.CreationTime }),
		"lastLoginTime":      text(func(u *admin.User) string { return u.LastLoginTime }),
		"suspensionReason":   text(func(u *admin.User) string { return u.SuspensionReason }),
		"recoveryEmail":      text(func(u *admin.User) string { return u.RecoveryEmail }),
		"recoveryPhone":      text(func(u *admin.User) string { return u.RecoveryPhone }),
		"name.givenName":     name(func(n *admin.UserName) string { return n.GivenName }),
		"name.familyName":    name(func(n *admin.UserName) string { return n.FamilyName }),
		"name.fullName":      name(func(n *admin.UserName) string { return n.FullName }),
		"name.displayName":   name(func(n *admin.UserName) string { return n.DisplayName }),
		"isAdmin":            yes(func(u *admin.User) bool { return u.IsAdmin }),
		"isDelegatedAdmin":   yes(func(u *admin.User) bool { return u.IsDelegatedAdmin }),
		"isEnforcedIn2Sv":    yes(func(u *admin.User) bool { return u.IsEnforcedIn2Sv }),
		"isEnrolledIn2Sv":    yes(func(u *admin.User) bool { return u.IsEnrolledIn2Sv }),
		"isGuestUser":        yes(func(u *admin.User) bool { return u.IsGuestUser }),
		"isMailboxSetup":     yes(func(u *admin.User) bool { return u.IsMailboxSetup }),
		"agreedToTerms":      yes(func(u *admin.User) bool { return u.AgreedToTerms }),
		"archived":           yes(func(u *admin.User) bool { return u.Archived }),
		"suspended":          yes(func(u *admin.User) bool { return u.Suspended }),
		"aliases":            func(u *admin.User) []string { return slices.Clone(u.Aliases) },
		"nonEditableAliases": func(u *admin.User) []string { return slices.Clone(u.NonEditableAliases) },
	}
}
