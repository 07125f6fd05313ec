package adsim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

const (
	showDeleted  = "1.2.840.113556.1.4.417"  // [MS-ADTS] section 3.1.1.3.4.1.14: all that was deleted, but for recycled objects
	showRecycled = "1.2.840.113556.1.4.2064" // section 3.1.1.3.4.1.26: those, too
	extendedDN   = "1.2.840.113556.1.4.529"  // section 3.1.1.3.4.1.5
)

// Server shows the controller over LDAP, with the ranges of a real one ([MS-ADTS] section 3.1.1.3.4.6, MaxValRange). The caller closes it.
func (c *Controller) Server() (*ldapsim.Server, error) {
	return ldapsim.Start(ldapsim.Options{Tree: c, MaxValRange: 1500})
}

// Controls implements ldapsim.Tree.
func (c *Controller) Controls() []string {
	return []string{ldap.ControlTypePaging, ldap.ControlTypeDirSync, showDeleted, showRecycled, extendedDN}
}

// Authenticate implements ldapsim.Tree.
func (c *Controller) Authenticate(user, password string) bool {
	a, ok := c.domain.forest.options.Accounts[user]
	return ok && password != "" && a.Password == password
}

func (c *Controller) host() string { return c.name + "." + c.domain.DNS() }

func (c *Controller) service() string {
	return "CN=NTDS Settings,CN=" + strings.ToUpper(c.name) + ",CN=Servers,CN=Default-First-Site-Name,CN=Sites," + c.configuration()
}

func (c *Controller) configuration() string {
	return "CN=Configuration," + c.domain.forest.domains[0].suffix
}

// RootDSE implements ldapsim.Tree ([MS-ADTS] section 3.1.1.3.2).
func (c *Controller) RootDSE() ldapsim.Row {
	defer c.hold()()
	return ldapsim.Row{Values: []ldapsim.Values{
		{Name: "defaultNamingContext", Values: []string{c.domain.suffix}},
		{Name: "rootDomainNamingContext", Values: []string{c.domain.forest.domains[0].suffix}},
		{Name: "namingContexts", Values: []string{c.domain.suffix, c.configuration(), "CN=Schema," + c.configuration()}},
		{Name: "schemaNamingContext", Values: []string{"CN=Schema," + c.configuration()}},
		{Name: "dsServiceName", Values: []string{c.service()}},
		{Name: "dnsHostName", Values: []string{c.host()}},
		{Name: "highestCommittedUSN", Values: []string{fmt.Sprint(c.usn)}},
		{Name: "supportedControl", Values: c.Controls()},
		{Name: "supportedCapabilities", Values: []string{"1.2.840.113556.1.4.800"}},
	}}
}

// comparison is how filters compare what this package knows.
func comparison() ldapsim.Schema {
	return ldapsim.NewSchema(struct{ Text, Names, Integers, Times, Words, Octets string }{
		Text:     "cn ou name displayName mail sAMAccountName department title isDeleted isRecycled proxyAddresses lDAPDisplayName trustPartner isMemberOfPartialAttributeSet",
		Names:    "member distinguishedName lastKnownParent manager",
		Integers: "userAccountControl primaryGroupID groupType uSNChanged uSNCreated accountExpires sAMAccountType systemFlags linkID",
		Times:    "whenCreated whenChanged",
		Words:    "objectClass objectCategory",
		Octets:   "objectGUID objectSid sIDHistory",
	})
}

func (c *Controller) matches(filter *ber.Packet, o *object) bool {
	return ldapsim.Matches(filter, c.domain.forest.schema, func(name string) []string { return c.attribute(o, name, ldapsim.Request{}) })
}

// Search implements ldapsim.Tree.
func (c *Controller) Search(r ldapsim.Request) ldapsim.Found {
	defer c.hold()()
	by := c.domain.forest.options.Accounts[r.User]
	if value, ok := r.Controls[ldap.ControlTypeDirSync]; ok {
		return c.dirSync(r, by, value)
	}
	switch {
	case strings.EqualFold(r.Base, c.service()):
		return ldapsim.Found{Rows: []ldapsim.Row{{DN: c.service(), Values: []ldapsim.Values{
			{Name: "invocationId", Values: []string{string(c.invocation[:])}}, {Name: "objectGUID", Values: []string{string(c.dsa[:])}}}}}}
	case strings.EqualFold(r.Base, "CN=Schema,"+c.configuration()):
		return ldapsim.Found{Rows: c.domain.forest.schemaRows(r.Filter)}
	}
	base := c.at(r.Base)
	if base == nil {
		return c.elsewhere(r.Base)
	}
	_, deleted := r.Controls[showDeleted]
	_, recycled := r.Controls[showRecycled]
	found := ldapsim.Found{}
	for _, o := range c.sorted() {
		if o.deleted && !(by.SeesDeleted && (recycled || deleted && !o.recycled())) || !c.inScope(o, base, r.Scope) || !c.matches(r.Filter, o) {
			continue
		}
		row := ldapsim.Row{DN: c.own(o, r)}
		for _, name := range r.Attributes {
			name, _, _ = strings.Cut(name, ";range=")
			if strings.EqualFold(name, "replUpToDateVector") && by.SeesNoVector {
				continue
			}
			if v := c.attribute(o, name, r); len(v) > 0 {
				row.Values = append(row.Values, ldapsim.Values{Name: name, Values: v})
			}
		}
		found.Rows = append(found.Rows, row)
	}
	if base.guid == c.domain.head && r.Scope == ldap.ScopeWholeSubtree {
		found.Referrals = c.below()
	}
	return found
}

// elsewhere refers to the domain that has a base, or says that it is not there ([MS-ADTS] section 3.1.1.3.1.4).
func (c *Controller) elsewhere(base string) ldapsim.Found {
	for _, d := range c.domain.forest.domains {
		if d != c.domain && len(base) >= len(d.suffix) && strings.EqualFold(base[len(base)-len(d.suffix):], d.suffix) && !inDomain(base, c.domain.suffix) {
			return ldapsim.Found{Code: ldap.LDAPResultReferral, Text: "0000202B: RefErr: ldap://" + d.DNS() + "/" + base}
		}
	}
	return ldapsim.Found{Code: ldap.LDAPResultNoSuchObject}
}

func inDomain(name, suffix string) bool {
	return len(name) > len(suffix) && strings.EqualFold(name[len(name)-len(suffix)-1:], ","+suffix)
}

// below are the continuation references of a search of the whole domain: to naming contexts that lie right under it.
func (c *Controller) below() (all []string) {
	for _, d := range c.domain.forest.domains {
		if inDomain(d.suffix, c.domain.suffix) {
			all = append(all, "ldap://"+d.DNS()+"/"+d.suffix)
		}
	}
	if c.domain == c.domain.forest.domains[0] {
		all = append(all, "ldap://"+c.domain.DNS()+"/"+c.configuration())
	}
	return all
}

func (c *Controller) inScope(o, base *object, scope int) bool {
	depth := 0
	for at := o; at != base; depth++ {
		if at = c.objects[at.parent]; at == nil {
			return false
		}
	}
	switch scope {
	case ldap.ScopeBaseObject:
		return depth == 0
	case ldap.ScopeSingleLevel:
		return depth == 1
	}
	return true
}

// attribute is what a search shows of an object.
func (c *Controller) attribute(o *object, name string, r ldapsim.Request) []string {
	switch strings.ToLower(name) {
	case "objectguid":
		return []string{string(o.guid[:])}
	case "parentguid":
		if o.guid == c.domain.head {
			return nil
		}
		return []string{string(o.parent[:])}
	case "distinguishedname":
		return []string{c.own(o, r)}
	case "cn", "ou":
		return []string{o.name}
	case "usnchanged":
		return []string{fmt.Sprint(o.usnChanged)}
	case "usncreated":
		return []string{fmt.Sprint(o.usnCreated)}
	case "whenchanged":
		return []string{generalized(o.whenChanged)}
	case "repluptodatevector":
		if o.guid == c.domain.head && len(c.vector) > 0 {
			return []string{c.vectorBlob()}
		}
		return nil
	case "member":
		var all []string
		for _, id := range slices.SortedFunc(maps.Keys(o.members), compareGUIDs) {
			if !o.members[id].gone && c.linked(o, id) {
				all = append(all, c.shown(id, r))
			}
		}
		return all
	}
	return o.values(name)
}

// linked says whether a link is shown: those from and to deleted objects are not, until they come back ([MS-ADTS] section 3.1.1.5.5.1.2).
func (c *Controller) linked(from *object, to GUID) bool {
	target := c.objects[to]
	_, away := c.phantoms[to]
	return !from.deleted && (away || target != nil && !target.deleted)
}

// shown is a name as the request wants it: with or without its identities (section 3.1.1.3.4.1.5).
func (c *Controller) shown(id GUID, r ldapsim.Request) string {
	if o := c.objects[id]; o != nil && !o.deleted {
		return c.own(o, r)
	}
	return extended(id, c.phantoms[id].dn, c.phantoms[id].sid, r)
}

// own is the name of an object of this domain, in the same form.
func (c *Controller) own(o *object, r ldapsim.Request) string {
	return extended(o.guid, c.dn(o), sidText(o.first("objectSid")), r)
}

func extended(id GUID, dn, sid string, r ldapsim.Request) string {
	if _, asked := r.Controls[extendedDN]; !asked {
		return dn
	}
	if sid != "" {
		dn = "<SID=" + sid + ">;" + dn
	}
	return "<GUID=" + id.String() + ">;" + dn
}

func sidText(raw string) string {
	if len(raw) < 8 {
		return ""
	}
	out := fmt.Sprintf("S-1-%d", raw[7])
	for part := []byte(raw[8:]); len(part) >= 4; part = part[4:] {
		out += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(part))
	}
	return out
}

func compareGUIDs(a, b GUID) int { return bytes.Compare(a[:], b[:]) }

// vectorBlob is replUpToDateVector as LDAP shows it: UPTODATE_VECTOR_V2_EXT ([MS-DRSR] sections 5.166 and 5.205), in the order of the invocations.
// The controller itself is not in it.
func (c *Controller) vectorBlob() string {
	b := make([]byte, 16)
	b[0] = 2
	binary.LittleEndian.PutUint32(b[8:], uint32(len(c.vector)))
	for _, id := range slices.SortedFunc(maps.Keys(c.vector), compareGUIDs) {
		b = binary.LittleEndian.AppendUint64(append(b, id[:]...), uint64(c.vector[id]))
		b = binary.LittleEndian.AppendUint64(b, uint64(c.now().Unix()+11644473600))
	}
	return string(b)
}

// schemaRows are attributes that are computed, or kept by each controller ([MS-ADTS] sections 2.2.10 and 3.1.1.1.6); of no other is anything said.
func (f *Forest) schemaRows(filter *ber.Packet) (rows []ldapsim.Row) {
	for name, a := range map[string][2]string{"memberOf": {"systemFlags", "5"}, "lastLogon": {"systemFlags", "1"}, "canonicalName": {"systemFlags", "4"}} {
		values := map[string][]string{"objectclass": {"attributeSchema"}, "ldapdisplayname": {name}, "ismemberofpartialattributeset": {"FALSE"}, strings.ToLower(a[0]): {a[1]}}
		if ldapsim.Matches(filter, f.schema, func(n string) []string { return values[strings.ToLower(n)] }) {
			rows = append(rows, ldapsim.Row{DN: "CN=" + name, Values: []ldapsim.Values{{Name: "lDAPDisplayName", Values: []string{name}}}})
		}
	}
	return rows
}
