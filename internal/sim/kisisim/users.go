package kisisim

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// userJSON is the user object of §3.1.
type userJSON struct {
	ID                  int64          `json:"id"`
	ResourceType        string         `json:"resource_type"`
	Name                string         `json:"name"`
	Email               string         `json:"email"`
	CreatedAt           time.Time      `json:"created_at"`
	UpdatedAt           time.Time      `json:"updated_at"`
	Metadata            map[string]any `json:"metadata"`
	Image               *string        `json:"image"`
	OTPRequiredForLogin bool           `json:"otp_required_for_login"`
	PasswordFlowEnabled bool           `json:"password_flow_enabled"`
	AccessEnabled       bool           `json:"access_enabled"`
	ScimAccessEnabled   bool           `json:"scim_access_enabled"`
	LastAccessedAt      *time.Time     `json:"last_accessed_at"`
	Notes               *string        `json:"notes"`
	OrganizationID      int64          `json:"organization_id"`
	Confirmed           bool           `json:"confirmed"`
	GroupsCount         int            `json:"groups_count"`
}

func (s *state) renderUser(u *user) any {
	return userJSON{
		ID: u.id, ResourceType: KindUser, Name: u.name, Email: u.email, CreatedAt: u.created, UpdatedAt: u.updated,
		Metadata: u.metadata, Image: u.image, OTPRequiredForLogin: u.otp, PasswordFlowEnabled: u.passwordFlow,
		AccessEnabled: u.access, ScimAccessEnabled: u.scimAccess, LastAccessedAt: u.lastAccess, Notes: u.notes,
		OrganizationID: s.org.id, Confirmed: u.confirm, GroupsCount: s.groupsOf(u.id),
	}
}

func (s *state) groupsOf(userID int64) int {
	groups := map[int64]bool{}
	for _, a := range s.assignments.pick(s.byAssignee[User(userID)]) {
		if a.on.Kind == KindGroup {
			groups[a.on.ID] = true
		}
	}
	return len(groups)
}

func listUsers(x *exchange) response {
	keep := x.userFilters()
	return page(x, listing[user]{
		rows:   x.userCandidates,
		keep:   func(u *user) bool { return keep(u) && x.seesUser(u) },
		id:     func(u *user) int64 { return u.id },
		render: func(u *user) any { return x.st.renderUser(u) },
		sorts: map[string]func(a, b *user) int{
			"name":           func(a, b *user) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) },
			"unlock":         func(a, b *user) int { return compareTimes(a.lastAccess, b.lastAccess, x.st.assume.NeverLast) },
			"access_enabled": func(a, b *user) int { return compareBools(a.access, b.access) },
		},
	})
}

// userCandidates starts from the narrowest index that the filters offer.
func (x *exchange) userCandidates() []*user {
	q, st := x.query, x.st
	switch {
	case q.has("ids"):
		return st.users.pick(slices.Compact(slices.Sorted(slices.Values(q.ids()))))
	case q.has("email") && !st.assume.PartialEmail:
		return st.users.pick(st.byEmail[lower(q.str("email"))])
	case q.has("group_id"):
		return st.users.pick(st.usersIn(Group(q.number("group_id"))))
	}
	return st.users.all()
}

// userFilters reads all filters of §3.2 and returns those that userCandidates may not have applied.
func (x *exchange) userFilters() func(*user) bool {
	q, st := x.query, x.st
	ids, email, question := q.ids(), lower(q.str("email")), q.str("query")
	self := x.userParam("user_id")
	inGroup, inPlace := members(st.usersIn(Group(q.number("group_id")))), st.usersOfPlace(q.number("place_id"))
	return func(u *user) bool {
		notes := ""
		if u.notes != nil {
			notes = *u.notes
		}
		return (ids == nil || slices.Contains(ids, u.id)) &&
			(self == 0 || u.id == self) &&
			(email == "" || lower(u.email) == email || st.assume.PartialEmail && strings.Contains(lower(u.email), email)) &&
			(!q.has("group_id") || inGroup[u.id]) &&
			(!q.has("place_id") || inPlace[u.id]) &&
			(question == "" || fuzzy(question, u.email, u.name, notes))
	}
}

// userParam reads a parameter that is the id of a user, or "me".
func (x *exchange) userParam(name string) int64 {
	if x.query.str(name) == "me" {
		return x.viewer.user
	}
	return x.query.number(name)
}

func members(ids []int64) map[int64]bool {
	set := make(map[int64]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// usersOfPlace are those with a right on the place, on a group of it, or on a group that holds a door of it.
func (s *state) usersOfPlace(placeID int64) map[int64]bool {
	if placeID == 0 {
		return nil
	}
	ids := s.usersIn(Place(placeID))
	for _, g := range s.groups.all() {
		opens := g.place == placeID
		for _, l := range s.groupLocks.pick(s.doorsByGroup[g.id]) {
			opens = opens || s.locks.get(l.lock).place == placeID
		}
		if opens {
			ids = append(ids, s.usersIn(Group(g.id))...)
		}
	}
	return members(ids)
}

func getUser(x *exchange) response {
	if u := x.st.users.get(x.id); u != nil && x.seesUser(u) {
		return ok(x.st.renderUser(u))
	}
	return notFound()
}

func createUser(x *exchange) response {
	if !x.viewer.may("users_write", 0) {
		return x.forbidden()
	}
	b, refusal := x.readBody("user")
	if refusal != nil {
		return *refusal
	}
	u := &user{scimAccess: true, metadata: map[string]any{}}
	b.need("email")
	u.email = b.str("email")
	b.checkEmail(u.email)
	b.readProfile(u)
	u.access = b.flag("access_enabled", !x.st.assume.AccessOffByDefault)
	send := b.flag("send_emails", !x.st.assume.QuietByDefault)
	u.confirm = b.flag("confirm", false)
	u.managed = !send && u.confirm
	if b.has("place_id") {
		b.wrong("place_id", "is not allowed for users of an organization")
	}
	b.leftover()
	if len(b.errs) > 0 {
		return unprocessable(b.errs)
	}
	if x.st.emailTaken(u.email) {
		return x.duplicate(x.st.assume.emailRefusal(), "email")
	}
	x.st.putUser(u)
	if send {
		x.mail(Mail{Kind: Invitation, User: u.id, To: u.email, Asked: b.has("send_emails")})
	}
	return ok(x.st.renderUser(u))
}

// duplicate refuses what exists already, in one of the two ways that are seen in the field.
func (x *exchange) duplicate(how Duplicate, field string) response {
	if how == Duplicate422 {
		return invalid(field, "has already been taken")
	}
	return conflict()
}

// readProfile reads what POST and PATCH have in common (§3.3, §3.5), except for access_enabled.
func (b *body) readProfile(u *user) {
	if b.has("name") {
		u.name = b.str("name")
	}
	if b.has("image") {
		u.image = b.text("image")
	}
	if b.has("notes") {
		u.notes = b.text("notes")
	}
	u.passwordFlow = b.flag("password_flow_enabled", u.passwordFlow)
	u.metadata = b.setMetadata(u.metadata)
	if utf8.RuneCountInString(u.name) > maxName {
		b.errs.add("name", "is too long (maximum is 255 characters)")
	}
	if u.notes != nil && utf8.RuneCountInString(*u.notes) > maxNotes {
		b.errs.add("notes", "is too long (maximum is 1000 characters)")
	}
}

// checkEmail is as lenient as web applications are: one @, no blanks.
func (b *body) checkEmail(email string) {
	if email == "" || len(b.errs) > 0 {
		return
	}
	local, domain, _ := strings.Cut(email, "@")
	blank := strings.ContainsFunc(email, unicode.IsSpace)
	if local == "" || domain == "" || blank || strings.Contains(domain, "@") || len(email) > maxName {
		b.errs.add("email", "can't be blank or invalid")
	}
}

func patchUser(x *exchange) response {
	u, refusal := x.userToWrite()
	if refusal != nil {
		return *refusal
	}
	b, refusal := x.readBody("user")
	if refusal != nil {
		return *refusal
	}
	changed := *u
	b.readProfile(&changed)
	changed.access = b.flag("access_enabled", u.access)
	email := b.patchedEmail(u)
	b.leftover()
	x.guardUser(u, "changed")
	x.guardSuspension(u, changed.access)
	if len(b.errs) > 0 {
		return unprocessable(b.errs)
	}
	*u = changed
	u.updated = x.st.now()
	u.suspendedByHand = u.suspendedByHand && !u.access
	x.st.changed()
	if email != "" {
		x.st.changeEmail(u, email)
	}
	if !u.access && x.st.assume.SuspendedLoseRights {
		x.st.dropAssignments(x.st.byAssignee[User(u.id)])
	}
	return done()
}

// patchedEmail returns the address to change to, which by default is none: PATCH ignores it (§3.5).
func (b *body) patchedEmail(u *user) string {
	if !b.has("email") {
		return ""
	}
	b.x.violate(BadShape, "email cannot be patched")
	email := b.str("email")
	switch b.x.st.assume.PatchEmail {
	case EmailIgnored:
		return ""
	case EmailRefused422:
		b.errs.add("email", "cannot be changed")
	case EmailChanged:
		b.checkEmail(email)
		if lower(email) != lower(u.email) && b.x.st.emailTaken(email) {
			b.errs.add("email", "has already been taken")
		}
	}
	return email
}

// userToWrite finds the user of a PATCH or DELETE and checks that the key may write it.
func (x *exchange) userToWrite() (*user, *response) {
	u := x.st.users.get(x.id)
	switch {
	case u == nil || !x.seesUser(u):
		return nil, refuse(notFound())
	case !x.viewer.may("users_write", 0):
		return nil, refuse(x.forbidden())
	case x.st.rank(u.id) > x.viewer.rank:
		x.guardUser(u, "attacked")
		return nil, refuse(x.refuseRank())
	}
	return u, nil
}

func deleteUser(x *exchange) response {
	u := x.st.users.get(x.id)
	if u != nil && x.seesUser(u) && x.viewer.may("users_write", 0) && (u.id == x.st.org.owner || u.id == x.viewer.user) {
		x.guardUser(u, "attacked")
		if x.st.assume.ProtectedForbidden {
			return x.forbidden()
		}
		return invalid("base", "cannot be deleted")
	}
	u, refusal := x.userToWrite()
	if refusal != nil {
		return *refusal
	}
	x.guardUser(u, "deleted")
	x.st.dropUser(u.id)
	return done()
}

// compareTimes brings never to the one end or the other.
func compareTimes(a, b *time.Time, neverLast bool) int {
	never := -1
	if neverLast {
		never = 1
	}
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return never
	case b == nil:
		return -never
	}
	return a.Compare(*b)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
