package adsim

import (
	"fmt"
	"strings"
)

// reference is the object that a group's value names: of this domain, or of another one of the forest, which then is remembered as a phantom.
func (c *Controller) reference(dn string) GUID {
	if o := c.at(dn); o != nil {
		return o.guid
	}
	for _, d := range c.domain.forest.domains {
		if o := d.controllers[0].at(dn); o != nil && d != c.domain {
			c.phantoms[o.guid] = phantom{d.controllers[0].dn(o), sidText(o.first("objectSid"))}
			return o.guid
		}
	}
	panic(fmt.Sprintf("adsim: %s knows no %s", c.name, dn))
}

// Trust makes the domain trust another one, of another forest as a rule ([MS-ADTS] section 6.1.6.7, trustedDomain).
func (c *Controller) Trust(other *Domain) {
	c.Add("CN="+other.DNS()+",CN=System,"+c.domain.suffix, "trustedDomain", Attributes{"trustPartner": {other.DNS()}, "securityIdentifier": {sidBytes(other.sid)},
		"trustDirection": {"2"}, "trustType": {"2"}, "trustAttributes": {"8"}}) // outbound; of Active Directory; transitive within the forest
}

// SID is the security identifier of an account, as text.
func (c *Controller) SID(dn string) string {
	defer c.hold()()
	return sidText(c.must(dn).first("objectSid"))
}

// JoinForeign makes somebody of a trusted domain a member of a group. Of whom nothing is known but the SID: a foreign security principal stands
// for them ([MS-ADTS] section 3.1.1.5.2.3), which is made when it is missing. It returns its name.
func (c *Controller) JoinForeign(group, sid string) string {
	dn := "CN=" + sid + ",CN=" + foreignPrincipals + "," + c.domain.suffix
	release := c.hold()
	missing := c.at(dn) == nil
	release()
	if missing {
		c.Add(dn, "foreignSecurityPrincipal", Attributes{"objectSid": {sidBytes(sid)}})
	}
	c.Join(group, dn)
	return dn
}

// MoveTo moves an object to another domain of the forest ([MS-ADTS] section 3.1.1.5.4.2): it keeps its objectGUID and its attributes, gets another SID
// and remembers the old one. Here it is deleted, and what is left of it is a phantom with the new name; so the groups of this domain hold it
// still, and none of them changes. Groups of the other domain that held it hold it as their own. It returns the new SID.
func (c *Controller) MoveTo(dn string, to *Controller, as string) string {
	defer c.hold()()
	o := c.must(dn)
	name, parent := parted(as)
	above := to.must(parent)
	moved := to.create(o.guid, above.guid, name, o.values("objectClass")[1:]...)
	u := update{to, moved}
	for attribute, old := range o.cells {
		if !strings.Contains(" objectclass name parentguid whencreated instancetype objectsid ", " "+attribute+" ") && len(old.values) > 0 {
			u.set(attribute, old.values...)
		}
	}
	sid := to.domain.newSID()
	u.set("objectSid", sidBytes(sid))
	u.set("sIDHistory", append(o.values("sIDHistory"), o.values("objectSid")...)...)
	delete(to.phantoms, o.guid)
	c.bury(o)
	c.phantoms[o.guid] = phantom{as, sid}
	return sid
}
