package kisisim

// UserID returns the id of the user with an address, whatever its case; 0 if there is none.
func (s *Sim) UserID(email string) int64 {
	defer s.lock()()
	if ids := s.st.byEmail[lower(email)]; len(ids) > 0 {
		return ids[0]
	}
	return 0
}

// GroupID returns the id of a group by its name in [GroupState], the oldest if there are several; 0 if there is none.
func (s *Sim) GroupID(name string) int64 {
	defer s.lock()()
	for _, g := range s.st.groups.all() {
		if s.st.label(Group(g.id)) == name {
			return g.id
		}
	}
	return 0
}

// GrantID returns the id of the oldest role assignment of somebody on something; 0 if there is none.
func (s *Sim) GrantID(to, on Ref) int64 {
	defer s.lock()()
	for _, a := range s.st.assignments.pick(s.st.byAssignee[to]) {
		if a.on == on {
			return a.id
		}
	}
	return 0
}

// OrganizationRef points to the organization itself.
func (s *Sim) OrganizationRef() Ref {
	defer s.lock()()
	return s.st.orgRef()
}
