package ldap

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/dn"
)

// What check advises beyond whether a source can be read: what a server says of itself, and what the read leaves out.

// soon is how long before the end of a certificate check warns.
const soon = 30 * 24 * time.Hour

// mostSkew is how far two clocks may be apart before it is worth a word. Kerberos allows five minutes (RFC 4120 section 8.2).
const mostSkew = time.Minute

// describe is what the server says of itself.
func (s *source) describe(c *session) (f []connectors.Finding) {
	if x := c.certificate; x != nil {
		f = append(f, certified(x, s.env.Now()))
	}
	found, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"*", "+"}, nil))
	if err != nil || len(found.Entries) != 1 {
		return f
	}
	dse := found.Entries[0]
	if kind := kindOf(dse); kind != "" && kind != s.settings.Preset {
		f = append(f, connectors.Finding{Level: connectors.Warning, Path: "preset", Text: fmt.Sprintf("the server says that it is %s, and the preset is %s", kind, s.settings.Preset),
			Hint: "write preset: " + kind + ", unless ids, filters and the ways of this source are meant so"})
	}
	if at := moment(dse.GetEqualFoldAttributeValue("currentTime")); !at.IsZero() { // Active Directory ([MS-ADTS] section 3.1.1.3.2.2)
		if skew := at.Sub(s.env.Now()).Round(time.Second); skew.Abs() > mostSkew {
			f = append(f, connectors.Finding{Level: connectors.Warning, Text: fmt.Sprintf("the server's clock is %s from this machine's", skew),
				Hint: "let both take the time from the same place; dates that begin and end doors go by this machine's"})
		}
	}
	return f
}

func certified(x *x509.Certificate, now time.Time) connectors.Finding {
	left := x.NotAfter.Sub(now)
	text := fmt.Sprintf("the certificate of %s, issued by %s, is good until %s (%d days)", nameOf(x), issuerOf(x), x.NotAfter.UTC().Format("2006-01-02"), int(left.Hours()/24))
	if left > soon {
		return good(text)
	}
	return connectors.Finding{Level: connectors.Warning, Path: "tls", Text: text, Hint: "have it renewed; from that day on this source cannot be read"}
}

func nameOf(x *x509.Certificate) string {
	if len(x.DNSNames) > 0 {
		return x.DNSNames[0]
	}
	return x.Subject.String()
}

func issuerOf(x *x509.Certificate) string {
	if x.Issuer.CommonName != "" {
		return x.Issuer.CommonName
	}
	return x.Issuer.String()
}

// missed is what a read left out, or found nobody to have.
type missed struct {
	bases   []string // canonical
	having  map[string]int
	outside map[string]bool // members that are named and lie outside of the bases
}

func newMissed(l *layout) *missed {
	m := &missed{having: map[string]int{}, outside: map[string]bool{}}
	for _, base := range []string{l.people.base, l.groups.base} {
		if canonical, err := dn.Canonical(base); err == nil {
			m.bases = append(m.bases, canonical)
		}
	}
	return m
}

func (m *missed) put(r *directory.Record) {
	for _, a := range r.Attrs {
		if r.Kind == directory.PersonIs && len(a.Values) > 0 {
			m.having[a.Name]++
		}
	}
	if r.Kind == directory.MemberIs && r.Member.Kind == directory.ByDN && m.isOutside(r.Member.Value) {
		m.outside[strings.Clone(r.Member.Value)] = true
	}
}

func (m *missed) isOutside(member string) bool {
	canonical, err := dn.Canonical(member)
	if err != nil {
		return false
	}
	for _, base := range m.bases {
		if base == "" || canonical == base || strings.HasSuffix(canonical, ","+base) {
			return false
		}
	}
	return true
}

// findings tells of members that are not read, and of attributes of rules that nobody has.
func (m *missed) findings(c *session, asked []string, people int) (f []connectors.Finding) {
	if len(m.outside) > 0 {
		f = append(f, connectors.Finding{Level: connectors.Warning, Path: "base", Text: fmt.Sprintf("%d members of groups lie outside of the base and are not read, such as %s", len(m.outside), least(m.outside)),
			Hint: "fine if they are to have no doors; else widen the base, or make another source for them"})
	}
	for _, name := range asked {
		if people == 0 || m.having[name] > 0 {
			continue
		}
		finding := connectors.Finding{Level: connectors.Warning, Path: "attributes", Text: "nobody has " + name + ", which rules ask for", Hint: "let the account read it; rules that ask for it decide nothing until then"}
		if known, ok := c.knows(name); ok && !known {
			finding.Text, finding.Hint = "the server knows no attribute "+name+", which rules ask for", "see how it is spelled: kisi-sync source read SOURCE --person PERSON shows what an entry has"
		}
		f = append(f, finding)
	}
	return f
}

func least(names map[string]bool) (first string) {
	for n := range names {
		if first == "" || n < first {
			first = n
		}
	}
	return first
}

// knows looks into the server's schema (RFC 4512 section 4.2); false when it may not be read.
func (c *session) knows(attribute string) (known, ok bool) {
	at, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"subschemaSubentry"}, nil))
	if err != nil || len(at.Entries) != 1 {
		return false, false
	}
	where := at.Entries[0].GetEqualFoldAttributeValue("subschemaSubentry")
	found, err := c.Search(ldap.NewSearchRequest(where, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=subschema)", []string{"attributeTypes"}, nil))
	if err != nil || len(found.Entries) != 1 {
		return false, false
	}
	for _, definition := range found.Entries[0].GetEqualFoldAttributeValues("attributeTypes") {
		ok = true
		if strings.Contains(strings.ToLower(definition), "'"+strings.ToLower(attribute)+"'") {
			return true, true
		}
	}
	return false, ok
}

// elsewhere names parts of the directory outside of a base in which entries match a filter, so that a base that hides them is told.
func (c *session) elsewhere(base, filter string) (found []string) {
	for _, context := range c.dse.GetEqualFoldAttributeValues("namingContexts") {
		if within(context, base) {
			continue
		}
		got, err := c.Search(ldap.NewSearchRequest(context, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 20, 10, false, filter, []string{"1.1"}, nil))
		if got == nil || err != nil && !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) && !ldap.IsErrorWithCode(err, ldap.LDAPResultTimeLimitExceeded) {
			continue
		}
		for _, e := range got.Entries {
			if !within(e.DN, base) {
				found = append(found, e.DN)
				break
			}
		}
	}
	return found
}
