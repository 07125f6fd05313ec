package kisisim

import (
	"slices"
	"time"
)

// wish is the body of POST /role_assignments after it was read.
type wish struct {
	to, on      Ref
	role        string
	notify      bool
	asked       bool // notify was sent
	from, until *time.Time
}

func createAssignment(x *exchange) response {
	b, refusal := x.readBody("role_assignment")
	if refusal != nil {
		return *refusal
	}
	w := b.wish()
	b.leftover()
	if len(b.errs) > 0 {
		return unprocessable(b.errs)
	}
	if refusal := x.refuseWish(w); refusal != nil {
		return *refusal
	}
	x.guardGrant(w)
	if w.on.Kind != KindGroup {
		w.from, w.until = nil, nil
	}
	a := &assignment{role: w.role, notify: w.notify, to: w.to, on: w.on, from: w.from, until: w.until, createdBy: x.viewer.user}
	x.st.putAssignment(a)
	x.mailGrant(a, w.asked)
	return ok(x.st.renderAssignment(a))
}

// wish reads the current body and the legacy one, which names the user and the group, place or organization (§4.5).
func (b *body) wish() wish {
	w := wish{
		to:     Ref{b.str("assignee_type"), b.number("assignee_id")},
		on:     Ref{b.str("applies_to_type"), b.number("applies_to_id")},
		role:   b.str("role_id"),
		notify: b.flag("notify", !b.x.st.assume.QuietByDefault),
		asked:  b.has("notify"),
		from:   b.instant("valid_from"),
		until:  b.instant("valid_until"),
	}
	if !b.x.st.assume.RefuseLegacyBodies {
		b.legacy(&w)
	}
	b.need("role_id")
	b.needRef("assignee", w.to, KindUser, KindTeam, KindGuest)
	b.needRef("applies_to", w.on, KindOrganization, KindPlace, KindGroup)
	return w
}

func (b *body) needRef(field string, r Ref, kinds ...string) {
	if r.ID == 0 || r.Kind == "" {
		b.wrong(field, "must exist")
	} else if !slices.Contains(kinds, r.Kind) {
		b.wrong(field+"_type", "is not included in the list")
	}
}

func (b *body) legacy(w *wish) {
	if w.to == (Ref{}) && b.has("user_id") {
		w.to = User(b.number("user_id"))
	}
	for _, old := range []struct{ key, kind string }{
		{"group_id", KindGroup}, {"place_id", KindPlace}, {"organization_id", KindOrganization},
	} {
		if w.on == (Ref{}) && b.has(old.key) {
			w.on = Ref{old.kind, b.number(old.key)}
		}
	}
}

// refuseWish goes through the reasons to refuse a new assignment, in the order in which they are checked.
func (x *exchange) refuseWish(w wish) *response {
	st := x.st
	_, assignee := st.nameOf(w.to)
	_, target := st.nameOf(w.on)
	if !assignee || !target {
		return refuse(notFound())
	}
	r := st.roleByID(w.role)
	if r == nil || r.appliesTo != w.on.Kind || r.name == Owner {
		if st.assume.RoleMisfit404 {
			return refuse(notFound())
		}
		return refuse(invalid("role_id", "is not included in the list"))
	}
	if !x.mayAssign(w.on) {
		return refuse(x.forbidden())
	}
	if r.rank > x.viewer.rank {
		return refuse(x.refuseRank())
	}
	if errs := x.dateErrors(w.on, w.from, w.until, w.until != nil); len(errs) > 0 {
		return refuse(unprocessable(errs))
	}
	return x.refuseDuplicate(w)
}

// mayAssign lets in those who manage the organization, the place, or the one group.
func (x *exchange) mayAssign(on Ref) bool {
	const permission = "role_assignments_write"
	if x.viewer.may(permission, x.st.placeOf(on)) {
		return true
	}
	for _, a := range x.st.assignments.pick(x.st.byAssignee[User(x.viewer.user)]) {
		if r := x.st.roleByID(a.role); a.on == on && r != nil && r.permissions[permission] {
			return true
		}
	}
	return false
}

// dateErrors checks the dates that a row would have; an end that lies in the past is refused only when it is newly given.
func (x *exchange) dateErrors(on Ref, from, until *time.Time, given bool) fieldErrors {
	errs, a := fieldErrors{}, x.st.assume
	if on.Kind != KindGroup {
		if a.DatesElsewhere && (from != nil || until != nil) {
			errs.add("valid_until", "is for groups only")
		}
		return errs
	}
	if from != nil && until != nil && !until.After(*from) && !a.BackwardDates {
		errs.add("valid_until", "must be after valid from")
	}
	if given && until != nil && !until.After(x.st.now()) && !a.PastUntil {
		errs.add("valid_until", "must be in the future")
	}
	return errs
}

func (x *exchange) refuseDuplicate(w wish) *response {
	for _, a := range x.st.assignments.pick(x.st.byAssignee[w.to]) {
		if a.on != w.on {
			continue
		}
		switch x.st.assume.DuplicateRight {
		case RightRefused409:
			return refuse(conflict())
		case RightRefusedSame:
			if a.role == w.role {
				return refuse(conflict())
			}
		case RightUnprocessable:
			return refuse(invalid("assignee_id", "has already been taken"))
		}
	}
	return nil
}

// assignmentToWrite finds the row of a PATCH or DELETE and checks that the key may write it.
func (x *exchange) assignmentToWrite() (*assignment, *response) {
	a := x.st.assignments.get(x.id)
	switch {
	case a == nil || !x.seesAssignment(a):
		return nil, refuse(notFound())
	case !x.mayAssign(a.on):
		return nil, refuse(x.forbidden())
	}
	if r := x.st.roleByID(a.role); r != nil && r.rank > x.viewer.rank {
		x.guardRow(a.origin, "role assignment", a.id, "attacked")
		return nil, refuse(x.refuseRank())
	}
	return a, nil
}

// patchAssignment takes role_id, notify, valid_from and valid_until, which is our reading of a schema that lost its names.
func patchAssignment(x *exchange) response {
	a, refusal := x.assignmentToWrite()
	if refusal != nil {
		return *refusal
	}
	b, refusal := x.readBody("role_assignment")
	if refusal != nil {
		return *refusal
	}
	changed := b.patched(*a)
	b.leftover()
	x.guardRow(a.origin, "role assignment", a.id, "changed")
	if x.st.assume.PatchAssignment == PatchRefused422 {
		b.errs.add("base", "cannot be updated")
	}
	if len(b.errs) > 0 {
		return unprocessable(b.errs)
	}
	changed.updated = x.st.now()
	*a = changed
	x.st.changed()
	x.mailGrant(a, b.has("notify"))
	return done()
}

func (b *body) patched(a assignment) assignment {
	if b.has("role_id") {
		a.role = b.str("role_id")
		if r := b.x.st.roleByID(a.role); r == nil || r.appliesTo != a.on.Kind || r.rank > b.x.viewer.rank {
			b.errs.add("role_id", "is not included in the list")
		}
	}
	a.notify = b.flag("notify", a.notify)
	dated := b.has("valid_from") || b.has("valid_until")
	from, until := a.from, a.until
	if b.has("valid_from") {
		from = b.instant("valid_from")
	}
	if b.has("valid_until") {
		until = b.instant("valid_until")
	}
	if !dated || b.x.st.assume.PatchAssignment == PatchDatesIgnored {
		return a
	}
	for field, problems := range b.x.dateErrors(a.on, from, until, b.has("valid_until")) {
		b.errs[field] = problems
	}
	if a.on.Kind == KindGroup {
		a.from, a.until = from, until
	}
	return a
}

func deleteAssignment(x *exchange) response {
	a, refusal := x.assignmentToWrite()
	if refusal != nil {
		return *refusal
	}
	x.guardRow(a.origin, "role assignment", a.id, "deleted")
	x.st.dropAssignment(a)
	return done()
}
