package kisisim

import "time"

// The methods of this file are what people do in Kisi's dashboard while the client is not looking. They panic when an id
// does not exist. See seed.go for what people add.

// SuspendUser takes a user's access away by hand.
func (s *Sim) SuspendUser(id int64) {
	s.editUser(id, func(u *user) { u.access, u.suspendedByHand = false, true })
}

// ResumeUser gives a user's access back by hand.
func (s *Sim) ResumeUser(id int64) {
	s.editUser(id, func(u *user) { u.access, u.suspendedByHand = true, false })
}

// ScimSuspend sets or lifts SCIM's own suspension (§2).
func (s *Sim) ScimSuspend(id int64, suspended bool) {
	s.editUser(id, func(u *user) { u.scimAccess = !suspended })
}

// Unlock notes that a user has unlocked a door now.
func (s *Sim) Unlock(id int64) {
	defer s.lock()()
	now := s.st.now()
	must(&s.st.users, id, "user").lastAccess = &now
	s.st.changed()
}

// RenameUser changes a user's name by hand.
func (s *Sim) RenameUser(id int64, name string) {
	s.editUser(id, func(u *user) { u.name = name })
}

// ChangeAddress gives a user another e-mail address by hand, which the API cannot (§12.5).
func (s *Sim) ChangeAddress(id int64, email string) {
	s.editUser(id, func(u *user) { s.st.changeEmail(u, email) })
}

// SetNotes changes a user's notes by hand; "" clears them.
func (s *Sim) SetNotes(id int64, notes string) {
	s.editUser(id, func(u *user) { u.notes = optional(notes) })
}

// SetMetadata replaces a user's metadata, as another integration would.
func (s *Sim) SetMetadata(id int64, metadata map[string]any) {
	s.editUser(id, func(u *user) { u.metadata = metadata })
}

func (s *Sim) editUser(id int64, edit func(*user)) {
	defer s.lock()()
	u := must(&s.st.users, id, "user")
	edit(u)
	u.updated = s.st.now()
	s.st.changed()
}

// DeleteUser deletes a user by hand, with what belongs to the user.
func (s *Sim) DeleteUser(id int64) {
	defer s.lock()()
	must(&s.st.users, id, "user")
	s.st.dropUser(id)
}

// DeleteGrant deletes a role assignment by hand.
func (s *Sim) DeleteGrant(id int64) {
	defer s.lock()()
	s.st.dropAssignment(must(&s.st.assignments, id, "role assignment"))
}

// SetDates changes the dates of a role assignment by hand; zero means open.
func (s *Sim) SetDates(id int64, from, until time.Time) {
	defer s.lock()()
	a := must(&s.st.assignments, id, "role assignment")
	a.from, a.until, a.updated = moment(from), moment(until), s.st.now()
	s.st.changed()
}

// RenameGroup renames a group by hand.
func (s *Sim) RenameGroup(id int64, name string) {
	defer s.lock()()
	g := must(&s.st.groups, id, "group")
	g.name, g.updated = name, s.st.now()
	s.st.changed()
}

// DeleteGroup deletes a group by hand, with the rights it gave.
func (s *Sim) DeleteGroup(id int64) {
	defer s.lock()()
	must(&s.st.groups, id, "group")
	s.st.dropGroup(id)
}

// GiveDoor adds a door to a group by hand.
func (s *Sim) GiveDoor(groupID, doorID int64) {
	defer s.lock()()
	must(&s.st.groups, groupID, "group")
	must(&s.st.locks, doorID, "door")
	s.st.putGroupLock(&groupLock{origin: byHand(), group: groupID, lock: doorID})
}

// TakeDoor removes a door from a group by hand; nothing happens if the group does not hold it.
func (s *Sim) TakeDoor(groupID, doorID int64) {
	defer s.lock()()
	if l := s.st.groupDoor(groupID, doorID); l != nil {
		s.st.dropGroupLock(l)
	}
}

// GiveStop adds an elevator stop to a group by hand.
func (s *Sim) GiveStop(groupID, stopID int64) {
	defer s.lock()()
	must(&s.st.groups, groupID, "group")
	must(&s.st.stops, stopID, "elevator stop")
	s.st.putGroupStop(&groupStop{origin: byHand(), group: groupID, stop: stopID})
}

// TakeStop removes an elevator stop from a group by hand; nothing happens if the group does not hold it.
func (s *Sim) TakeStop(groupID, stopID int64) {
	defer s.lock()()
	if l := s.st.groupStop(groupID, stopID); l != nil {
		s.st.dropGroupStop(l)
	}
}

// RevokeKey makes a key answer 401 from now on; unknown secrets are ignored.
func (s *Sim) RevokeKey(secret string) {
	defer s.lock()()
	if key := s.st.keys[secret]; key != nil {
		key.revoked = true
	}
}

// AdoptUser declares that the client under test may change or delete a hand-made user. Owner, administrators and the
// users of keys stay out of bounds.
func (s *Sim) AdoptUser(id int64) {
	defer s.lock()()
	must(&s.st.users, id, "user").adopted = true
}

// AdoptGrant declares that the client under test may change or delete a hand-made role assignment.
func (s *Sim) AdoptGrant(id int64) {
	defer s.lock()()
	must(&s.st.assignments, id, "role assignment").adopted = true
}

// AdoptGroup declares that the client under test may change or delete a hand-made group, and change its doors and stops.
// Letting people into a hand-made group needs no adoption.
func (s *Sim) AdoptGroup(id int64) {
	defer s.lock()()
	must(&s.st.groups, id, "group").adopted = true
}

// ProtectGroup declares that the client under test must not even let anybody into the group.
func (s *Sim) ProtectGroup(id int64) {
	defer s.lock()()
	must(&s.st.groups, id, "group").sealed = true
}
