package ldap

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/dn"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// A global catalog ([MS-ADTS] section 3.1.1.1.10) has all objects of a forest and some of their attributes. Of groups of other domains it has
// members only where the group is universal; all others look empty there.

// catalog says whether the server is asked as a global catalog, by its ports (section 3.1.1.3.1.10).
func (c *session) catalog() bool {
	u, err := url.Parse(c.server)
	return err == nil && (u.Port() == "3268" || u.Port() == "3269")
}

// universal is GROUP_TYPE_UNIVERSAL_GROUP of groupType (section 2.2.12).
const universal = 8

// unlisted says whether a global catalog lacks the members of a group.
func (x *recorder) unlisted(name string, e *ldapwire.Entry) bool {
	if x.catalogOf == "" {
		return false
	}
	kind, err := strconv.ParseInt(first(e, "groupType"), 10, 64)
	return (err != nil || kind&universal == 0) && !within(name, x.catalogOf)
}

// catalogHas makes sure that a global catalog has what the read depends on: its schema says which attributes are replicated there (section
// 3.1.1.2.3, isMemberOfPartialAttributeSet). Without accountExpires, for one, everybody whose account expired would look well.
func (r *reading) catalogHas(ctx context.Context) error {
	var clauses strings.Builder
	for _, name := range r.heeded() {
		if !slices.ContainsFunc([]string{"proxyAddresses", "distinguishedName"}, func(n string) bool { return strings.EqualFold(n, name) }) || strings.EqualFold(name, r.email) {
			clauses.WriteString("(lDAPDisplayName=" + ldap.EscapeFilter(name) + ")")
		}
	}
	var lacks []string
	q := query{what: "the schema", base: r.c.dse.GetEqualFoldAttributeValue("schemaNamingContext"), scope: ldap.ScopeSingleLevel, attributes: []string{"lDAPDisplayName"},
		filter: "(&(objectClass=attributeSchema)(!(isMemberOfPartialAttributeSet=TRUE))(|" + clauses.String() + "))"}
	err := r.c.pages(ctx, q, r.source.settings.PageSize, &directory.Proof{}, func(e *ldapwire.Entry) error {
		lacks = append(lacks, first(e, "lDAPDisplayName"))
		return nil
	})
	if err != nil || len(lacks) == 0 {
		return err
	}
	slices.Sort(lacks)
	return &hinted{fmt.Errorf("the global catalog does not have %s of people and groups", strings.Join(lacks, ", ")),
		"name each domain under domains, with controllers of its own and without the port; or let the attribute be replicated to the global catalog"}
}

// atHome says whether a name lies in one of the domains of this source.
func (x *recorder) atHome(name string) bool {
	return len(x.homes) == 0 || slices.ContainsFunc(x.homes, func(home string) bool {
		at := len(name) - len(home)
		return at == 0 && strings.EqualFold(name, home) || at > 0 && name[at-1] == ',' && strings.EqualFold(name[at:], home)
	})
}

// homes are the domains of this source: the server's own, and the others of a forest.
func (l *layout) homes(c *session) (all []string) {
	if c == nil || !l.windows {
		return nil
	}
	all = append(all, c.dse.GetEqualFoldAttributeValue("defaultNamingContext"))
	for _, base := range l.forest {
		name, err := dn.Canonical(base)
		if at := strings.Index(","+name, ",dc="); err == nil && at >= 0 {
			all = append(all, name[at:])
		}
	}
	return slices.DeleteFunc(all, func(h string) bool { return h == "" })
}

// member is how somebody is named by a group of this source. Whom only another source knows is named by the SID, which both of them have.
func (x *recorder) member(name identified) (directory.Ref, bool) {
	if name.sid != "" && !x.atHome(name.dn) {
		return directory.Ref{Kind: directory.BySID, Value: name.sid}, true
	}
	return name.member()
}
