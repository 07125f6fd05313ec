package kisisim

import (
	"slices"
	"time"
)

// credential is a card of a user (§7.8), or a phone that is logged in (§7.10). The simulator only shows them: what opens doors and belongs to
// one user.
type credential struct {
	dates
	id, user int64
	name     string // of a phone
}

// cardAssignmentJSON has what the notes say of a card assignment.
type cardAssignmentJSON struct {
	ID           int64     `json:"id"`
	ResourceType string    `json:"resource_type"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	AssigneeType string    `json:"assignee_type"`
	AssigneeID   int64     `json:"assignee_id"`
	CardID       int64     `json:"card_id"`
	Status       string    `json:"status"`
}

// AddCard assigns a card to a user.
func (s *Sim) AddCard(userID int64) {
	defer s.lock()()
	s.st.addCredential(&s.st.cards, userID, "")
}

// AddPhone logs a user in on a phone.
func (s *Sim) AddPhone(userID int64, name string) {
	defer s.lock()()
	s.st.addCredential(&s.st.phones, userID, name)
}

func (s *state) addCredential(to *table[credential], userID int64, name string) {
	must(&s.users, userID, "user")
	c := &credential{dates: s.born(), id: s.newID(), user: userID, name: name}
	to.put(c.id, c)
	s.changed()
}

func listCards(x *exchange) response {
	ids, user, kind := x.query.ids(), x.query.number("assignee_id"), x.query.oneOf("assignee_type", KindUser, KindGuest)
	if x.st.assume.CardsByUser && user == 0 {
		return badRequest("param is missing or the value is empty: assignee_id")
	}
	return page(x, listing[credential]{
		rows: x.st.cards.all,
		keep: func(c *credential) bool {
			return (ids == nil || slices.Contains(ids, c.id)) && (user == 0 || c.user == user) && kind != KindGuest && x.viewer.seesAll()
		},
		id: func(c *credential) int64 { return c.id },
		render: func(c *credential) any {
			return cardAssignmentJSON{ID: c.id, ResourceType: "CardAssignment", CreatedAt: c.created, UpdatedAt: c.updated, AssigneeType: KindUser, AssigneeID: c.user,
				CardID: c.id + 1, Status: "activated"}
		},
	})
}

func listPhones(x *exchange) response {
	user := x.query.number("user_id")
	return page(x, listing[credential]{
		rows: x.st.phones.all,
		keep: func(c *credential) bool { return c.user == user && x.viewer.seesAll() },
		id:   func(c *credential) int64 { return c.id },
		render: func(c *credential) any {
			return loginJSON{ID: c.id, CreatedAt: c.created, UpdatedAt: c.updated, Type: "device", Name: &c.name, Expire: true, UserID: c.user, User: x.st.brief(User(c.user))}
		},
	})
}
