package ldap

import (
	"context"
	"errors"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// An increment is made of entries that changed. What a server computes when it is asked, such as memberOf, changes without a change of
// the entry that shows it. Whoever filters by it or reads it must read everything.

// schemaFlags are those of [MS-ADTS] section 2.2.10: 1 is an attribute that each controller keeps for itself, 4 one that is computed. An odd
// linkID is that of a back link (section 3.1.1.1.6).
const schemaFlags = "(|(systemFlags:" + bitRule + ":=1)(systemFlags:" + bitRule + ":=4)(linkID:" + bitRule + ":=1))"

const bitRule = "1.2.840.113556.1.4.803" // section 3.1.1.3.4.4.1

// computed are attributes of other directories that are computed, or kept up to date without a trace.
func computed(attribute string) bool {
	return slices.Contains([]string{"memberof", "ismemberof", "nsrole", "hassubordinates", "numsubordinates", "entrydn"}, strings.ToLower(attribute))
}

// heeded are the attributes on which it depends what this read brings: those that it asks for and those of its filters.
func (r *reading) heeded() []string {
	names := slices.Concat(r.peopleQ.attributes, r.groupQ.attributes)
	for _, q := range []query{r.peopleQ, r.groupQ} {
		names = append(names, filterAttributes(q.filter)...)
	}
	return distinct(names)
}

// untraceable is the first heeded attribute that changes without a trace, "" if there is none.
func (r *reading) untraceable() string {
	all := r.heeded()
	if i := slices.IndexFunc(all, computed); i >= 0 {
		return all[i]
	}
	return ""
}

// traceable is the same for Active Directory, whose schema says it exactly; an error if there is such an attribute. When an entry was changed
// and what its name is are told with the change itself; its id never changes.
func (w windows) traceable(ctx context.Context) error {
	var clauses strings.Builder
	for _, name := range w.heeded() {
		if !slices.Contains([]string{"whenchanged", "usnchanged", "objectguid", "distinguishedname"}, strings.ToLower(name)) {
			clauses.WriteString("(lDAPDisplayName=" + ldap.EscapeFilter(name) + ")")
		}
	}
	found := ""
	q := query{what: "the schema", base: w.c.dse.GetEqualFoldAttributeValue("schemaNamingContext"), scope: ldap.ScopeSingleLevel, attributes: []string{"lDAPDisplayName"},
		filter: "(&(objectClass=attributeSchema)" + schemaFlags + "(|" + clauses.String() + "))"}
	err := w.c.pages(ctx, q, w.source.settings.PageSize, w.unproven(), func(e *ldapwire.Entry) error {
		found = or(found, first(e, "lDAPDisplayName"))
		return nil
	})
	if _, ok := answered(err); ok {
		return &useless{errors.New("this account may not read the schema")}
	}
	if err == nil && found != "" {
		return &useless{traceless(found)}
	}
	return err
}

// traceless is an attribute that changes without a trace.
type traceless string

func (a traceless) Error() string {
	return string(a) + " changes without a trace, and a filter or a rule asks for it"
}

// filterAttributes are the attributes that a filter names.
func filterAttributes(filter string) []string {
	p, err := ldap.CompileFilter(filter)
	if err != nil {
		return nil
	}
	return packetAttributes(p)
}

// packetAttributes reads a filter in the form of RFC 4511 section 4.5.1.
func packetAttributes(p *ber.Packet) (names []string) {
	text := func(p *ber.Packet) string { return ber.DecodeString(p.Data.Bytes()) }
	switch p.Tag {
	case ldap.FilterAnd, ldap.FilterOr, ldap.FilterNot:
		for _, part := range p.Children {
			names = append(names, packetAttributes(part)...)
		}
	case ldap.FilterPresent:
		names = []string{text(p)}
	case ldap.FilterExtensibleMatch:
		for _, part := range p.Children {
			if part.Tag == ldap.MatchingRuleAssertionType {
				names = append(names, text(part))
			}
		}
	default:
		if len(p.Children) > 0 {
			names = []string{text(p.Children[0])}
		}
	}
	return names
}
