package adsim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

// cookie is what a position of DirSync holds ([MS-DRSR] section 5.115.2.1): whose it is, up to which object, and what whoever has it knows.
type cookie struct {
	Invocation GUID
	USN        int64
	Vector     map[string]int64
}

// dirSync answers a search with the control ([MS-ADTS] section 3.1.1.3.4.1.3). A cookie of another controller is good here, too: its vector
// says what is known, and nothing says how far this one was asked, so all objects are looked at.
func (c *Controller) dirSync(r ldapsim.Request, by Account, value []byte) ldapsim.Found {
	flags, most, since, ok := parseDirSync(value)
	visible := flags&ldap.DirSyncObjectSecurity != 0
	switch {
	case !ok:
		return ldapsim.Found{Code: ldap.LDAPResultProtocolError, Text: "the cookie is none"}
	case c.at(r.Base) != c.objects[c.domain.head] || r.Scope != ldap.ScopeWholeSubtree:
		return ldapsim.Found{Code: ldap.LDAPResultUnwillingToPerform, Text: "only a whole naming context"}
	case !visible && (!by.Replicate || slices.ContainsFunc(r.Attributes, c.filtered)): // [MS-DRSR] section 5.115.12
		return ldapsim.Found{Code: ldap.LDAPResultInsufficientAccessRights, Text: "00002105: SecErr: DSID-03152857"} // ERROR_DS_DRA_ACCESS_DENIED
	}
	from := since.USN
	if since.Invocation != c.invocation {
		from = 0
	}
	found, bytes, last, more := ldapsim.Found{Whole: true}, int64(0), from, int64(0)
	for _, o := range c.sorted() {
		if o.usnChanged <= from {
			continue
		}
		if bytes >= most {
			more = 1
			break
		}
		last = o.usnChanged
		if o.deleted && visible && !by.SeesDeleted || !c.matches(r.Filter, o) {
			continue
		}
		if row, any := c.changed(o, since, r); any {
			found.Rows = append(found.Rows, row)
			bytes += 200 + int64(100*len(row.Values))
		}
	}
	next := cookie{c.invocation, last, since.Vector}
	if more == 0 {
		next.USN, next.Vector = c.usn, map[string]int64{c.invocation.String(): c.usn}
		for id, usn := range c.vector {
			next.Vector[id.String()] = usn
		}
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return ldapsim.Found{Code: ldap.LDAPResultOther, Text: err.Error()}
	}
	found.Controls = append(found.Controls, &ldap.ControlDirSync{Flags: more, Cookie: raw})
	return found
}

func (c *Controller) filtered(attribute string) bool {
	return slices.ContainsFunc(c.domain.forest.options.Filtered, func(n string) bool { return strings.EqualFold(n, attribute) })
}

func parseDirSync(value []byte) (flags, most int64, since cookie, ok bool) {
	p, err := ber.DecodePacketErr(value)
	if err != nil || len(p.Children) != 3 {
		return 0, 0, since, false
	}
	flags, _ = p.Children[0].Value.(int64)
	most, _ = p.Children[1].Value.(int64)
	raw := p.Children[2].Data.Bytes()
	return flags, most, since, len(raw) == 0 || json.Unmarshal(raw, &since) == nil
}

func (k cookie) has(s stamp) bool { return s.usn <= k.Vector[s.invocation.String()] }

// changed are those attributes that were asked for and that the cookie does not know, and of member who came and who went.
func (c *Controller) changed(o *object, since cookie, r ldapsim.Request) (ldapsim.Row, bool) {
	row := ldapsim.Row{DN: c.own(o, r), Values: []ldapsim.Values{{Name: "objectGUID", Values: []string{string(o.guid[:])}}}}
	any := false
	for _, name := range r.Attributes {
		if v, has := o.cells[strings.ToLower(name)]; has && !since.has(v.stamp) {
			row.Values, any = append(row.Values, ldapsim.Values{Name: name, Values: c.attribute(o, name, r)}), true
		}
		if !strings.EqualFold(name, "member") {
			continue
		}
		came, went := ldapsim.Values{Name: "member;range=1-1"}, ldapsim.Values{Name: "member;range=0-0"}
		for _, id := range slices.SortedFunc(maps.Keys(o.members), compareGUIDs) {
			switch l := o.members[id]; {
			case since.has(l.stamp) || !c.linked(o, id):
			case l.gone:
				went.Values = append(went.Values, c.shown(id, r))
			default:
				came.Values = append(came.Values, c.shown(id, r))
			}
		}
		for _, v := range []ldapsim.Values{went, came} {
			if len(v.Values) > 0 {
				row.Values, any = append(row.Values, v), true
			}
		}
	}
	return row, any
}
