package kisi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// CardAssignment is a card that somebody has (§7.8), without its number.
type CardAssignment struct {
	ID           int64  `json:"id"`
	AssigneeType string `json:"assignee_type"`
	AssigneeID   int64  `json:"assignee_id"`
	Status       string `json:"status"`
}

func (a CardAssignment) key() int64   { return a.ID }
func (a CardAssignment) flaw() string { return lacks("id", a.ID == 0) }

// works says that the card opens doors, as far as is said.
func (a CardAssignment) works() bool { return a.Status != "deactivated" }

// mostAlone is for how many users cards are asked for one by one.
const mostAlone = 1000

// cardsOfUsers lists the cards of one user, or of all for 0.
func cardsOfUsers(user int64) listing {
	q := url.Values{"assignee_type": {typeUser}}
	if user != 0 {
		q.Set("assignee_id", strconv.FormatInt(user, 10))
	}
	return listing{path: "/card_assignments", query: q, limit: 250}
}

// CardHolders says which of some users have a card that works. It reads all
// cards in one list or those of each user, whichever takes fewer calls; that
// all can be listed, nobody promises (§7.8).
func (t *Target) CardHolders(ctx context.Context, users []access.RemoteID) (map[access.RemoteID]bool, error) {
	if len(users) == 0 {
		return nil, nil
	}
	all := cardsOfUsers(0)
	if len(users) > 2 { // to ask how many there are is a call, too
		total, err := count[CardAssignment](ctx, t.client, all)
		switch s := status(err); {
		case s == http.StatusBadRequest || s == http.StatusUnprocessableEntity:
		case err != nil:
			return nil, err
		case total/(all.limit-1) < len(users) && total <= all.reach():
			rows, err := list[CardAssignment](ctx, t.client, all)
			return holdersIn(rows), err
		}
	}
	return t.cardsOfEach(ctx, users)
}

func (t *Target) cardsOfEach(ctx context.Context, users []access.RemoteID) (map[access.RemoteID]bool, error) {
	if len(users) > mostAlone {
		return nil, fmt.Errorf("the cards of all cannot be listed, and %d users are too many to be asked for one by one", len(users))
	}
	has := map[access.RemoteID]bool{}
	for _, id := range users {
		rows, err := list[CardAssignment](ctx, t.client, cardsOfUsers(int64(id)))
		if err != nil {
			return nil, err
		}
		if holdersIn(rows)[id] {
			has[id] = true
		}
	}
	return has, nil
}

func holdersIn(rows []CardAssignment) map[access.RemoteID]bool {
	has := map[access.RemoteID]bool{}
	for _, row := range rows {
		if row.AssigneeType == typeUser && row.works() {
			has[access.RemoteID(row.AssigneeID)] = true
		}
	}
	return has
}

// NeverUnlocked returns the users who have never unlocked anything, as Kisi
// says (§3.1). Where the list can be had in the order of the last unlock, only
// they are read: at which end of it they come, nobody says (§3.2). Else
// everybody is.
func (t *Target) NeverUnlocked(ctx context.Context) (map[access.RemoteID]bool, error) {
	for _, order := range []string{"unlock", "-unlock"} {
		never, err := t.neverFirst(ctx, order)
		if err == nil && never != nil {
			return never, nil
		}
		var half *notWhole
		if errors.As(err, &half) {
			break // they come first, and cannot be read to the end
		}
		if err != nil {
			return nil, err
		}
	}
	users, err := t.client.Users(ctx)
	if err != nil {
		return nil, err
	}
	never := map[access.RemoteID]bool{}
	for _, u := range users {
		if u.LastAccessedAt == nil {
			never[access.RemoteID(u.ID)] = true
		}
	}
	return never, nil
}

// neverFirst reads users in an order until one comes who has unlocked
// something; nil if the first one has.
func (t *Target) neverFirst(ctx context.Context, order string) (map[access.RemoteID]bool, error) {
	l := userList(nil)
	l.sort = order
	p := &pages[User]{reading: reading{listing: l, ordered: true}, seen: map[int64]bool{}, total: -1}
	never := map[access.RemoteID]bool{}
	for {
		offset := max(len(p.rows)-1, 0)
		if offset > maxOffset {
			return nil, &notWhole{"there are more than can be reached"}
		}
		page, span, err := readPage[User](ctx, t.client, p.request(offset, true))
		if err != nil {
			return nil, err
		}
		from := len(p.rows)
		if err := p.add(page, span, offset); err != nil {
			return nil, err
		}
		for i, u := range p.rows[from:] {
			if u.LastAccessedAt == nil {
				never[access.RemoteID(u.ID)] = true
				continue
			}
			if from+i == 0 {
				return nil, nil
			}
			return never, inOrder(p.rows[from+i:])
		}
		if len(p.rows) >= p.total || len(p.rows) == from {
			return never, nil
		}
	}
}

// inOrder sees that nobody who never unlocked anything comes after somebody who
// has: the order would be another one then.
func inOrder(rest []User) error {
	for _, u := range rest {
		if u.LastAccessedAt == nil {
			return &notWhole{"not in the order of the last unlock"}
		}
	}
	return nil
}
