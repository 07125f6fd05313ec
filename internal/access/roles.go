package access

import (
	"crypto/sha256"
	"encoding/binary"
)

// A role on a place or the organization is kept, planned and remembered like a right in a group, under an id that says on what and as what. So
// everything that holds for rights in groups holds for it. Such ids are larger than any of Kisi's, and small enough for every reader of JSON:
//
//	bit 52      it is a role
//	bit 51      on the organization; else on a place
//	bits 20-50  the id of the place or the organization
//	bits 0-19   the beginning of the digest of the role's id
const (
	roleBit         = RemoteID(1) << 52
	organizationBit = RemoteID(1) << 51
	markBits        = 20
	scopeBits       = 31
)

// RoleScope is what a role is on.
type RoleScope struct {
	Organization bool
	ID           RemoteID // of the place or the organization
}

// RoleOn returns the id under which the right to a role is kept; 0 when what it is on has an id that is too large.
func RoleOn(on RoleScope, role string) RemoteID {
	if on.ID <= 0 || on.ID >= 1<<scopeBits {
		return 0
	}
	id := roleBit | on.ID<<markBits | RoleMark(role)
	if on.Organization {
		id |= organizationBit
	}
	return id
}

// RoleMark returns the part of an id that stands for a role.
func RoleMark(role string) RemoteID {
	sum := sha256.Sum256([]byte(role))
	return RemoteID(binary.BigEndian.Uint32(sum[:4]) >> (32 - markBits))
}

// IsRole says that an id is one of RoleOn, and not a group's.
func (id RemoteID) IsRole() bool { return id&roleBit != 0 }

// Role takes an id of RoleOn apart: what the role is on, and the mark of the role.
func (id RemoteID) Role() (on RoleScope, mark RemoteID) {
	return RoleScope{Organization: id&organizationBit != 0, ID: id >> markBits & (1<<scopeBits - 1)}, id & (1<<markBits - 1)
}

// SameScope says that two ids are of roles on the same place or organization, where a person holds one role at most (kisi-api §4.2).
func (id RemoteID) SameScope(other RemoteID) bool {
	return id.IsRole() && other.IsRole() && id>>markBits == other>>markBits
}

// ScopeRole is a role on a place or the organization that Kisi knows, custom ones among them.
type ScopeRole struct {
	ID           string
	Name         string
	Organization bool     // else on a place
	Covers       []string // ids of the roles of the same kind that may do nothing that it may not do, itself not among them; sorted
	Refused      string   // why it is not given ("" if it may be): it is the owner's, above the key's own, or nobody knows what it may do
}

// RoleWords says a role by its name and the name of its place, "" for the organization.
func RoleWords(role, place string) string {
	if place == "" {
		place = "the organization"
	}
	return "role " + role + " of " + place
}

// RoleName says a role on a place or the organization: "role Place administrator of HQ"; "" when it is not known.
func (c *Catalog) RoleName(id RemoteID) string {
	on, mark := id.Role()
	for _, r := range c.ScopeRoles {
		if r.Organization != on.Organization || RoleMark(r.ID) != mark {
			continue
		}
		if on.Organization {
			return RoleWords(r.Name, "")
		}
		if place := c.PlaceName(on.ID); place != "" {
			return RoleWords(r.Name, place)
		}
	}
	return ""
}
