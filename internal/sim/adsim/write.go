package adsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Attributes of an object by name. The values of member are distinguished names.
type Attributes map[string][]string

// Controller is one domain controller with a database of its own.
type Controller struct {
	domain     *Domain
	name       string
	invocation GUID // of the database ([MS-ADTS] section 3.1.1.1.9)
	dsa        GUID // of its nTDSDSA object
	isolated   bool // it was found out to have been put back, so nobody replicates with it
	state
}

// Name is the controller's, such as dc1.
func (c *Controller) Name() string { return c.name }

// USN is the number of its last change (highestCommittedUSN).
func (c *Controller) USN() int64 {
	defer c.hold()()
	return c.usn
}

func (c *Controller) hold() (release func()) {
	c.domain.forest.mu.Lock()
	return c.domain.forest.mu.Unlock
}

func (c *Controller) now() time.Time {
	return c.domain.forest.options.Now().UTC().Truncate(time.Second)
}

// update is one originating write to one object: one number, and a stamp for each value that it touches ([MS-ADTS] section 3.1.1.1.9).
type update struct {
	c *Controller
	o *object
}

func (c *Controller) begin(o *object) update {
	c.usn++
	o.usnChanged, o.whenChanged = c.usn, c.now()
	return update{c, o}
}

func (u update) stamp(old int) stamp {
	return stamp{version: old + 1, at: u.c.now(), invocation: u.c.invocation, usn: u.c.usn}
}

func (u update) set(name string, values ...string) {
	name = strings.ToLower(name)
	u.o.cells[name] = cell{u.stamp(u.o.cells[name].version), slices.Clone(values)}
	u.o.derive()
}

func (u update) link(id GUID, gone bool) {
	old, was := u.o.members[id]
	if was && old.gone == gone || !was && gone {
		return
	}
	u.o.members[id] = link{u.stamp(old.version), gone}
}

// create makes an object below another.
func (c *Controller) create(id, parent GUID, name string, classes ...string) *object {
	o := &object{guid: id, cells: map[string]cell{}, members: map[GUID]link{}}
	c.objects[id] = o
	u := c.begin(o)
	o.usnCreated = c.usn
	u.set("objectClass", append([]string{"top"}, classes...)...)
	u.set("name", name)
	u.set("whenCreated", generalized(c.now()))
	u.set("instanceType", "4")
	if parent != (GUID{}) {
		u.set("parentGUID", string(parent[:]))
	}
	return o
}

func generalized(t time.Time) string { return t.Format("20060102150405.0Z") }

// must ends a test that asks for what is not there.
func (c *Controller) must(dn string) *object {
	if o := c.at(dn); o != nil {
		return o
	}
	panic(fmt.Sprintf("adsim: %s has no %s", c.name, dn))
}

// parted are the name of an entry and that of its parent.
func parted(dn string) (name, parent string) {
	rdn, parent, _ := strings.Cut(dn, ",") // names in tests have no commas
	_, name, _ = strings.Cut(rdn, "=")
	return name, parent
}

// Add makes an object of a class: user, group, organizationalUnit or whatever else. A user and a group have a SID; a user's account is enabled.
func (c *Controller) Add(dn, class string, a Attributes) GUID {
	defer c.hold()()
	name, parent := parted(dn)
	if c.at(dn) != nil {
		panic("adsim: " + dn + " is there")
	}
	id := c.domain.forest.newGUID()
	above := c.must(parent)
	classes := []string{class}
	if class == "user" {
		classes = []string{"person", "organizationalPerson", "user"}
	}
	o := c.create(id, above.guid, name, classes...)
	u := update{c, o}
	switch class {
	case "user":
		u.set("objectCategory", "person")
		u.set("userAccountControl", "512")
		u.set("primaryGroupID", "513")
		u.set("sAMAccountType", "805306368")
	case "group":
		u.set("objectCategory", "group")
		u.set("groupType", "-2147483640")
		u.set("sAMAccountType", "268435456")
	}
	if class == "user" || class == "group" {
		u.set("objectSid", sidBytes(c.domain.newSID()))
		u.set("sAMAccountName", name)
	}
	c.apply(u, a)
	return id
}

func (c *Controller) apply(u update, a Attributes) {
	for name, values := range a {
		if !strings.EqualFold(name, "member") {
			u.set(name, values...)
			continue
		}
		want := map[GUID]bool{}
		for _, v := range values {
			want[c.reference(v)] = true
		}
		for id := range u.o.members {
			u.link(id, !want[id])
		}
		for id := range want {
			u.link(id, false)
		}
	}
}

// Replace gives attributes of an object the values named; no value takes one away. It is one change.
func (c *Controller) Replace(dn string, a Attributes) {
	defer c.hold()()
	c.apply(c.begin(c.must(dn)), a)
}

// Enable and Disable are what an administrator does to an account: bit 2 of userAccountControl ([MS-ADTS] section 2.2.16).
func (c *Controller) Enable(dn string) { c.Replace(dn, Attributes{"userAccountControl": {"512"}}) }

// Disable is the other way round.
func (c *Controller) Disable(dn string) { c.Replace(dn, Attributes{"userAccountControl": {"514"}}) }

// Join makes an object, also of another domain of the forest, a member of a group. It is fine if it is one already.
func (c *Controller) Join(group, member string) { c.relate(group, member, false) }

// Leave takes it out.
func (c *Controller) Leave(group, member string) { c.relate(group, member, true) }

func (c *Controller) relate(group, member string, gone bool) {
	defer c.hold()()
	o, id := c.must(group), c.reference(member)
	if old, was := o.members[id]; was && old.gone != gone || !was && !gone {
		c.begin(o).link(id, gone)
	}
}

// Move gives an object another name and place. What lies below goes with it, without a change of its own.
func (c *Controller) Move(dn, to string) {
	defer c.hold()()
	name, parent := parted(to)
	o, above := c.must(dn), c.must(parent)
	u := c.begin(o)
	u.set("name", name)
	u.set("parentGUID", string(above.guid[:])) // a move is a change of the name ([MS-DRSR] section 4.1.10.6.8): both are stamped together
}

// Delete makes a deleted object of an object, or a tombstone where there is no recycle bin ([MS-ADTS] sections 3.1.1.5.5.6.1 and .2).
func (c *Controller) Delete(dn string) GUID {
	defer c.hold()()
	o := c.must(dn)
	c.bury(o)
	return o.guid
}

func (c *Controller) bury(o *object) {
	u := c.begin(o)
	parent, bin := c.objects[o.parent], c.child(c.domain.head, deletedObjects).guid
	u.set("lastKnownParent", c.dn(parent))
	u.set("msDS-LastKnownRDN", o.name)
	u.set("name", o.name+"\nDEL:"+o.guid.String()) // delete-mangled RDN
	u.set("parentGUID", string(bin[:]))
	u.set("objectCategory")
	u.set("sAMAccountType")
	u.set("isDeleted", "TRUE")
	if c.domain.forest.options.WithoutBin {
		c.strip(u)
	}
}

// Recycle takes from a deleted object what would bring it back ([MS-ADTS] section 3.1.1.5.5.6.3).
func (c *Controller) Recycle(id GUID) {
	defer c.hold()()
	u := c.begin(c.objects[id])
	u.set("isRecycled", "TRUE")
	c.strip(u)
}

// retained are the attributes that a tombstone and a recycled object keep, among those that this package knows ([MS-ADTS] sections 3.1.1.5.5.1.1
// and .3).
const retained = " distinguishedname grouptype instancetype isdeleted isrecycled lastknownparent msds-lastknownrdn name objectclass objectguid objectsid parentguid " +
	"samaccountname securityidentifier sidhistory trustattributes trustdirection trustpartner trusttype useraccountcontrol whencreated objectcategory samaccounttype "

// strip takes away all else. Links go at each controller by themselves, and not as a change.
func (c *Controller) strip(u update) {
	for name, cell := range u.o.cells {
		if !strings.Contains(retained, " "+name+" ") && len(cell.values) > 0 {
			u.set(name)
		}
	}
	c.unlink(u.o)
}

func (c *Controller) unlink(o *object) {
	o.members = map[GUID]link{}
	for _, other := range c.objects {
		delete(other.members, o.guid)
	}
}

// Undelete brings a deleted object back to a place ([MS-ADTS] section 3.1.1.5.3.7.3). Its links are there again, of which no other object tells.
func (c *Controller) Undelete(id GUID, dn string) {
	defer c.hold()()
	name, parent := parted(dn)
	o, above := c.objects[id], c.must(parent)
	if o == nil || !o.deleted || o.recycled() {
		panic("adsim: nothing to bring back")
	}
	u := c.begin(o)
	u.set("isDeleted")
	u.set("name", name)
	u.set("parentGUID", string(above.guid[:]))
	category := "person"
	if slices.Contains(o.values("objectClass"), "group") {
		category = "group"
	}
	u.set("objectCategory", category)
}
