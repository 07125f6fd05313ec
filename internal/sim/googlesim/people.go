package googlesim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// User is somebody with an account.
type User struct {
	ID                  string // given by AddUser when empty
	Email               string
	Given, Family       string
	Unit                string // path; "" is the root
	Aliases             []string
	Suspended, Archived bool
	Admin               bool
	Deleted             time.Time
	// Fields are further fields of the User resource ("organizations": []any{…}), as they are sent.
	Fields map[string]any
	// Custom are the values of custom fields, by schema and field.
	Custom map[string]map[string]any
}

// Group is a group of Google Groups.
type Group struct {
	ID, Email, Name string
	Members         []Member
}

// Member is one entry of a group. Google leaves out the id of some external addresses, and the address of CUSTOMER.
type Member struct{ ID, Email, Role, Type, Status string }

// Unit is an organizational unit.
type Unit struct{ ID, Path string }

// AddUser adds somebody and returns the id.
func (s *Sim) AddUser(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = fmt.Sprintf("1%020d", s.next())
	}
	u.Unit = cmp.Or(u.Unit, "/")
	s.users[u.ID] = &u
	return u.ID
}

// ChangeUser changes the user who has an address, or the id. It returns false when there is none.
func (s *Sim) ChangeUser(who string, change func(*User)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.byAddress(who)
	if u != nil {
		change(u)
	}
	return u != nil
}

// DeleteUser does what an administrator does: the user is among the deleted for twenty days, and in no group any more.
func (s *Sim) DeleteUser(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.byAddress(who)
	if u == nil {
		return false
	}
	u.Deleted = s.now()
	for _, g := range s.groups {
		g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.ID == u.ID })
	}
	return true
}

// PurgeUser makes somebody disappear without a trace, as twenty days after the deletion.
func (s *Sim) PurgeUser(who string) bool {
	ok := s.DeleteUser(who)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.users, func(_ string, u *User) bool { return !u.Deleted.IsZero() && strings.EqualFold(u.Email, who) })
	return ok
}

// AddGroup adds a group with members that are there already, by address, and returns its id.
func (s *Sim) AddGroup(address, name string, members ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &Group{ID: fmt.Sprintf("0%014x", s.next()), Email: address, Name: name}
	s.groups[g.ID] = g
	for _, m := range members {
		g.Members = append(g.Members, s.member(m))
	}
	return g.ID
}

// ChangeGroup changes the group that has an address, or the id. It returns false when there is none.
func (s *Sim) ChangeGroup(which string, change func(*Group)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groupOf(which)
	if g != nil {
		change(g)
	}
	return g != nil
}

// SetMembers gives a group these members and no other. An address that belongs to nobody here is an external one without an id.
func (s *Sim) SetMembers(which string, members ...string) bool {
	return s.ChangeGroup(which, func(g *Group) {
		g.Members = nil
		for _, m := range members {
			g.Members = append(g.Members, s.member(m))
		}
	})
}

// DeleteGroup deletes a group; it is a member nowhere any more.
func (s *Sim) DeleteGroup(which string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.groupOf(which)
	if gone == nil {
		return false
	}
	delete(s.groups, gone.ID)
	for _, g := range s.groups {
		g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.ID == gone.ID })
	}
	return true
}

// AddUnit adds an organizational unit and returns its id. Its parents must be there.
func (s *Sim) AddUnit(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &Unit{ID: fmt.Sprintf("id:%08x", s.next()), Path: path}
	s.units[u.ID] = u
	return u.ID
}

// RenameUnit gives a unit another path; those below and the people in them go with it.
func (s *Sim) RenameUnit(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved := func(path string) string {
		if path == from || strings.HasPrefix(path, from+"/") {
			return to + path[len(from):]
		}
		return path
	}
	for _, u := range s.units {
		u.Path = moved(u.Path)
	}
	for _, u := range s.users {
		u.Unit = moved(u.Unit)
	}
}

func (s *Sim) next() int {
	s.ids++
	return s.ids
}

// member makes an entry for an address, or "CUSTOMER". The lock is held.
func (s *Sim) member(address string) Member {
	if address == "CUSTOMER" {
		return Member{ID: s.customer, Role: "MEMBER", Type: "CUSTOMER", Status: "ACTIVE"}
	}
	if u := s.byAddress(address); u != nil {
		m := Member{ID: u.ID, Email: u.Email, Role: "MEMBER", Type: "USER", Status: "ACTIVE"}
		if u.Suspended {
			m.Status = "SUSPENDED"
		}
		return m
	}
	if g := s.groupOf(address); g != nil {
		return Member{ID: g.ID, Email: g.Email, Role: "MEMBER", Type: "GROUP", Status: "ACTIVE"}
	}
	return Member{Email: address, Role: "MEMBER", Type: "USER", Status: "ACTIVE"}
}

func (s *Sim) byAddress(who string) *User {
	for _, u := range s.users {
		if u.ID == who || u.Deleted.IsZero() && (strings.EqualFold(u.Email, who) || slices.Contains(u.Aliases, who)) {
			return u
		}
	}
	return nil
}

func (s *Sim) groupOf(which string) *Group {
	if g := s.groups[which]; g != nil {
		return g
	}
	for _, g := range s.groups {
		if strings.EqualFold(g.Email, which) {
			return g
		}
	}
	return nil
}
