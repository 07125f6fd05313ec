package entra

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// query is what Graph is asked for. Both lists are in the first request of a delta and in its token from then on, so another list is another
// position (learn.microsoft.com/graph/delta-query-overview, "Optional query parameters").
type query struct {
	users, groups string // $select
	filter        string // $filter of groups, "" for all
	attributes    []attribute
}

// attribute is a property that rules read, under the name that they read it by.
type attribute struct {
	name string
	path []string // in the answer: a property, or one within another
}

// extensions is the property that holds extensionAttribute1 to 15 (learn.microsoft.com/graph/extensibility-overview).
const extensions = "onPremisesExtensionAttributes"

// leaveDate is the one property that needs a permission of its own (learn.microsoft.com/graph/api/resources/user).
const leaveDate = "employeeLeaveDateTime"

// attributeOf finds a property by the name that rules use: department, extensionAttribute7, employeeOrgData.costCenter,
// extension_2588a8f7b9ce4a2b_badge.
func attributeOf(name string) attribute {
	path := strings.Split(name, ".")
	if strings.HasPrefix(strings.ToLower(name), "extensionattribute") && len(path) == 1 {
		path = []string{extensions, name}
	}
	return attribute{name: name, path: path}
}

// query works out what to ask for. People are told by id, name, login and whether they are enabled; the rest is asked for by whoever needs it.
func (s *Settings) query(attributes []string) query {
	q := query{groups: "id,displayName,visibility,members"}
	users := []string{"id", "displayName", "userPrincipalName", "accountEnabled"}
	if s.People.Guests == sansGuests {
		users = append(users, "userType")
	}
	for _, from := range s.People.Email {
		users = append(users, propertyOf(from))
	}
	if s.People.Aliases {
		users = append(users, "proxyAddresses", "otherMails")
	}
	for _, name := range attributes {
		a := attributeOf(name)
		q.attributes = append(q.attributes, a)
		users = append(users, a.path[0])
	}
	q.users = strings.Join(unique(users), ",")
	for _, id := range s.Groups.IDs {
		if q.filter != "" {
			q.filter += " or "
		}
		q.filter += "id eq '" + strings.ToLower(id) + "'"
	}
	return q
}

// propertyOf translates the words of people.email.
func propertyOf(from string) string {
	return map[string]string{byMail: "mail", byUPN: "userPrincipalName", byOther: "otherMails"}[from]
}

// unique drops repetitions, in whatever case; the first stays.
func unique(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, n) }) {
			out = append(out, n)
		}
	}
	return out
}

func (q *query) reads(property string) bool {
	return slices.ContainsFunc(strings.Split(q.users, ","), func(p string) bool { return strings.EqualFold(p, property) })
}

// usersURL and groupsURL begin a delta.
func (q *query) usersURL(graph string) string {
	return graph + "/v1.0/users/delta?" + parameters("$select", q.users)
}

func (q *query) groupsURL(graph string) string {
	if q.filter == "" {
		return graph + "/v1.0/groups/delta?" + parameters("$select", q.groups)
	}
	return graph + "/v1.0/groups/delta?" + parameters("$select", q.groups, "$filter", q.filter)
}

// parameters keeps the $ of names, as Graph's own links do.
func parameters(pairs ...string) string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, pairs[i]+"="+strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
	}
	return strings.Join(out, "&")
}

// shape is a digest of what a position is good for: this cloud, this tenant and application as the token names them, these settings, these lists.
func (s *source) shape(who claims) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "entra 1 %q %q %q %q %q %q\n", s.to.graph, s.settings.Tenant, s.settings.Login.ClientID, who.Tenant, who.application(), s.query.filter)
	fmt.Fprintf(h, "%q %q %q %q %v\n", s.query.users, s.query.groups, s.settings.People.Guests, s.settings.People.Email, s.settings.People.Aliases)
	for _, a := range s.query.attributes {
		fmt.Fprintf(h, "%q\n", a.name)
	}
	return [32]byte(h.Sum(nil))
}
