package entrasim

import (
	"fmt"
	"maps"
	"slices"
)

// object is a user, a group, or something else that may be a member of a group.
type object struct {
	id, kind string // kind: user, group, device, servicePrincipal, orgContact
	props    map[string]any
	before   map[string]any // as it was before the last change
	members  []string       // of a group
	in       []string       // groups that it was in when it was deleted
}

// event is one change, in the order in which they happened.
type event struct {
	id     string
	kind   string
	props  []string // that changed
	whole  bool     // made or restored
	gone   string   // the reason of @removed
	member string   // who came to the group or went
}

// Properties are those of a user or group by their names in Graph.
type Properties map[string]any

// AddUser adds a user and returns the id. What is not said is as the service makes it: enabled, a Member, named after the address.
func (s *Sim) AddUser(name string, p Properties) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	props := map[string]any{"displayName": name, "accountEnabled": true, "userType": "Member", "userPrincipalName": fmt.Sprintf("u%d@%s", s.serial, s.Domain)}
	maps.Copy(props, p)
	return s.add("user", props)
}

// AddGroup adds a group with these members.
func (s *Sim) AddGroup(name string, members ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.add("group", map[string]any{"displayName": name, "visibility": nil})
	s.setMembers(id, members)
	return id
}

// AddOther adds something that is neither: a device, a servicePrincipal, an orgContact.
func (s *Sim) AddOther(kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(kind, map[string]any{"displayName": kind})
}

func (s *Sim) add(kind string, props map[string]any) string {
	id := s.newID()
	s.objects[id] = &object{id: id, kind: kind, props: props}
	s.note(event{id: id, whole: true})
	return id
}

// Update changes properties; nil clears one.
func (s *Sim) Update(id string, p Properties) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.mustHave(id)
	o.before = maps.Clone(o.props)
	maps.Copy(o.props, p)
	s.note(event{id: id, props: slices.Collect(maps.Keys(p))})
}

// SetMembers gives a group these members and no other.
func (s *Sim) SetMembers(group string, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setMembers(group, members)
}

// Members returns who is directly in a group.
func (s *Sim) Members(group string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mustHave(group).members)
}

func (s *Sim) setMembers(group string, members []string) {
	o := s.mustHave(group)
	for _, m := range o.members {
		if !slices.Contains(members, m) {
			s.note(event{id: group, member: m})
		}
	}
	for _, m := range members {
		s.mustHave(m)
		if !slices.Contains(o.members, m) {
			s.note(event{id: group, member: m})
		}
	}
	o.members = slices.Clone(members)
}

// Delete moves a user or a group to the deleted items, from where it can be restored for thirty days.
func (s *Sim) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.mustHave(id)
	delete(s.objects, id)
	s.bin[id] = o
	o.in = nil
	s.note(event{id: id, gone: "changed"})
	for _, g := range s.groupsOf(id) {
		o.in = append(o.in, g.id)
		g.members = slices.DeleteFunc(g.members, func(m string) bool { return m == id })
		if !s.options.Habits.Silent {
			s.note(event{id: g.id, member: id})
		}
	}
}

// Restore takes it back, with its memberships.
func (s *Sim) Restore(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.bin[id]
	if !ok {
		panic("entrasim: " + id + " is not among the deleted")
	}
	delete(s.bin, id)
	s.objects[id] = o
	s.note(event{id: id, whole: true})
	for _, g := range o.in {
		if group := s.objects[g]; group != nil {
			group.members = append(group.members, id)
			if !s.options.Habits.Silent {
				s.note(event{id: g, member: id})
			}
		}
	}
	o.in = nil
	for _, m := range o.members {
		if !s.options.Habits.Silent {
			s.note(event{id: id, member: m})
		}
	}
}

// Purge deletes for good.
func (s *Sim) Purge(id string) {
	s.mu.Lock()
	_, binned := s.bin[id]
	s.mu.Unlock()
	if !binned {
		s.Delete(id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(event{id: id, gone: "deleted"})
	delete(s.bin, id)
}

// Kind returns what an object is: user, group, device and so on; "" when there is none.
func (s *Sim) Kind(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[id]; o != nil {
		return o.kind
	}
	return ""
}

// Find returns the id of the user or group with a value in a property; "" when there is none.
func (s *Sim) Find(kind, property string, value any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, o := range s.objects {
		if o.kind == kind && o.props[property] == value {
			return id
		}
	}
	return ""
}

// note writes an event down.
func (s *Sim) note(e event) {
	o := s.objects[e.id]
	if o == nil {
		o = s.bin[e.id]
	}
	e.kind = o.kind
	s.log = append(s.log, e)
}

func (s *Sim) groupsOf(id string) []*object {
	var out []*object
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if o := s.objects[key]; slices.Contains(o.members, id) {
			out = append(out, o)
		}
	}
	return out
}

func (s *Sim) mustHave(id string) *object {
	o := s.objects[id]
	if o == nil {
		panic("entrasim: there is no object " + id)
	}
	return o
}

// ForgetPositions makes all links that were given out expired, as maintenance of a tenant does.
func (s *Sim) ForgetPositions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.positions {
		p.expired = true
	}
}
