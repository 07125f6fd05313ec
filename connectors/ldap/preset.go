package ldap

import (
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/dn"
)

// layout is where a directory keeps what we ask for: a preset with the file's words laid over it.
type layout struct {
	people, groups class
	login          string // attribute by which memberUid names a person
	email          string
	disabled       []rule
	members        []string
	changed        string   // attribute with the time of the last change
	increments     bool     // the id is the UUID of RFC 4533, so that removals can be told apart
	forest         []string // bases of all domains, where the source has several
	windows        bool     // Active Directory, with its own ways
	persistent     bool     // they do it by persistent searches
}

// class is one kind of entry.
type class struct {
	base, filter string
	scope        int
	id           idForm
	names        []string // the first that has a value is the name for people to read
}

// rule says that somebody is disabled: an attribute has one of some values, or a number has a bit.
type rule struct {
	attribute string
	values    []string // folded
	bit       int64
}

// lockedForGood is the value that an administrator sets. Another value is a pause after wrong passwords, and a forgotten
// password is no reason to lock somebody out of the building (draft-behera-ldap-password-policy section 5.3.3).
func lockedForGood() rule {
	return rule{attribute: "pwdAccountLockedTime", values: []string{"000001010000z"}}
}

// nsAccountLock is 389 Directory Server's and FreeIPA's word for an inactive account.
func nsAccountLock() rule { return rule{attribute: "nsAccountLock", values: []string{"true"}} }

// accountDisable is bit 2 of userAccountControl ([MS-ADTS] section 2.2.16, ADS_UF_ACCOUNT_DISABLE).
func accountDisable() rule { return rule{attribute: "userAccountControl", bit: 2} }

// presetNames lists the presets as the file calls them.
func presetNames() []string { return []string{"openldap", "active_directory", "freeipa", "389ds"} }

// preset returns what is usual for a kind of directory; false for an unknown name.
func preset(name string) (layout, bool) {
	switch name {
	case "openldap":
		return layout{
			people: class{filter: "(objectClass=inetOrgPerson)", id: uuidText("entryUUID"), names: []string{"displayName", "cn"}},
			groups: class{filter: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))", id: uuidText("entryUUID"), names: []string{"cn"}},
			login:  "uid", email: "mail", changed: "modifyTimestamp", increments: true,
			members: []string{"member", "uniqueMember", "memberUid"}, disabled: []rule{lockedForGood()},
		}, true
	case "active_directory":
		return layout{
			people: class{filter: "(&(objectCategory=person)(objectClass=user))", id: guidBytes("objectGUID"), names: []string{"displayName", "cn"}},
			groups: class{filter: "(objectCategory=group)", id: guidBytes("objectGUID"), names: []string{"cn"}},
			login:  "sAMAccountName", email: "mail", changed: "whenChanged",
			members: []string{"member"}, disabled: []rule{accountDisable()}, windows: true,
		}, true
	case "freeipa":
		return layout{
			people: class{filter: "(&(objectClass=inetOrgPerson)(objectClass=ipaObject))", id: uuidText("ipaUniqueID"), names: []string{"displayName", "cn"}},
			groups: class{filter: "(objectClass=ipaUserGroup)", id: uuidText("ipaUniqueID"), names: []string{"cn"}},
			login:  "uid", email: "mail", changed: "modifyTimestamp", persistent: true,
			members: []string{"member"}, disabled: []rule{nsAccountLock()},
		}, true
	case "389ds":
		return layout{
			people: class{filter: "(objectClass=inetOrgPerson)", id: foldedText("nsUniqueId"), names: []string{"displayName", "cn"}},
			groups: class{filter: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))", id: foldedText("nsUniqueId"), names: []string{"cn"}},
			login:  "uid", email: "mail", changed: "modifyTimestamp", persistent: true,
			members: []string{"member", "uniqueMember", "memberUid"}, disabled: []rule{nsAccountLock()},
		}, true
	}
	return layout{}, false
}

// layout lays the settings over their preset; false when there is no such preset.
func (s *Settings) layout() (*layout, bool) {
	l, ok := preset(s.Preset)
	if !ok {
		return nil, false
	}
	p, g := s.People, s.Groups
	l.people.lay(class{base: or(p.Base, s.Base), filter: p.Filter, id: idOf(p.ID), names: list(p.Name)}, p.Scope)
	l.groups.lay(class{base: or(g.Base, s.Base), filter: g.Filter, id: idOf(g.ID), names: list(g.Name)}, g.Scope)
	l.email, l.login = or(p.Email, l.email), or(p.Login, l.login)
	if len(g.Members) > 0 {
		l.members = g.Members
	}
	if d := p.Disabled; d.Attribute != "" {
		values := make([]string, len(d.Values))
		for i, v := range d.Values {
			values[i] = strings.ToLower(v)
		}
		l.disabled = append(slices.Clone(l.disabled), rule{attribute: d.Attribute, values: values})
	}
	isEntryUUID := func(c class) bool { return strings.EqualFold(c.id.attribute, "entryUUID") }
	l.increments = s.Increments && isEntryUUID(l.people) && isEntryUUID(l.groups)
	return &l, true
}

// controls go with every search for people and groups.
func (l *layout) controls(c *session) []ldap.Control {
	if !l.windows || c == nil || !c.offers(extendedDN) {
		return nil
	}
	return []ldap.Control{withIdentities()}
}

func (c *class) lay(over class, scope string) {
	c.base, c.scope = over.base, scopeOf(scope)
	c.filter = or(over.filter, c.filter)
	if over.id.attribute != "" {
		c.id = over.id
	}
	if len(over.names) > 0 {
		c.names = over.names
	}
}

func scopeOf(word string) int {
	switch word {
	case "base":
		return ldap.ScopeBaseObject
	case "one":
		return ldap.ScopeSingleLevel
	}
	return ldap.ScopeWholeSubtree
}

// within says whether a base lies at or below another. Both are distinguished names.
func within(inner, outer string) bool {
	i, err1 := dn.Canonical(inner)
	o, err2 := dn.Canonical(outer)
	return err1 == nil && err2 == nil && (i == o || o == "" || strings.HasSuffix(i, ","+o))
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func list(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}
