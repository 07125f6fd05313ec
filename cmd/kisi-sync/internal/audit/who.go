package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// Question is who held something at a moment.
type Question struct {
	Name string // of a group, or of a door or elevator stop; or its id
	Door bool   // it is that of a door or elevator stop
	At   time.Time
}

// Who says who held it.
func (t *Teller) Who(ctx context.Context, q Question) error {
	ask, named := t.Trail.Holders, namedGroups
	if q.Door {
		ask, named = t.Trail.DoorHolders, namedOpenings
	}
	a, err := ask(ctx, q.Name, q.At)
	if errors.Is(err, store.ErrUntold) {
		var name string
		if name, err = t.spelled(ctx, q.Name, named, err); err == nil {
			a, err = ask(ctx, name, q.At)
		}
	}
	if hinted := (*exit.Error)(nil); errors.Is(err, store.ErrUntold) && !errors.As(err, &hinted) {
		return exit.Failed(err, "it tells of groups whose members or doors kisi-sync manages; kisi-sync explain asks Kisi how it is now")
	}
	if err != nil {
		return Broken(err)
	}
	return t.who(&a)
}

// spelled returns the name that the trail has for a name as people say it: a door without its place. untold is what was answered to that.
func (t *Teller) spelled(ctx context.Context, name string, named func(*access.Catalog, string) ([]string, string), untold error) (string, error) {
	c, err := t.Trail.Catalog(ctx)
	if err != nil || c == nil {
		return "", untold
	}
	found, near := named(c, name)
	switch {
	case len(found) > 1:
		return "", exit.Usage(fmt.Errorf("%q names %d of them", name, len(found)), "write one of them: "+strings.Join(found, ", "))
	case len(found) == 0:
		return "", exit.Failed(fmt.Errorf("%q: %w", name, untold), near)
	}
	return found[0], nil
}

// namedOpenings are the doors and elevator stops that people call so, as the trail names them.
func namedOpenings(c *access.Catalog, name string) (all []string, near string) {
	found, near := mapping.FindOpenings(c, name)
	return shape.Convert(found, func(o mapping.Opening) string { return o.Name }), near
}

// namedGroups are the ids of groups that people call so.
func namedGroups(c *access.Catalog, name string) (all []string, near string) {
	found, near := mapping.FindGroups(c, nil, name)
	return shape.Convert(found, func(g access.Group) string { return fmt.Sprint(g.ID) }), near
}

// whoDocument is what audit who --json prints.
type whoDocument struct {
	At     time.Time  `json:"at"`
	Groups []whoGroup `json:"groups"`
	Beside whoBeside  `json:"beside"`
	Words  string     `json:"words"` // what the answer is worth
}

// whoBeside counts what is not in the answer, as of the last look at everybody.
type whoBeside struct {
	LookedAt   *time.Time `json:"looked_at"` // null: everybody was never looked at
	Users      int        `json:"unknown_users_with_groups"`
	CountedAt  *time.Time `json:"counted_at"` // of the roles, and of guests, links and teams; null: they were never counted
	Roles      int        `json:"users_with_a_role_in_a_place_or_the_organization"`
	GuestRoles int        `json:"guests_with_a_role_in_a_place_or_the_organization"`
	Uncounted  []string   `json:"could_not_be_counted"` // what, and why
}

func newWhoBeside(o *record.Outside) whoBeside {
	d := whoBeside{Users: o.Users, Uncounted: []string{}}
	if at := o.At.UTC(); !at.IsZero() {
		d.LookedAt = &at
	}
	if b := o.Beside; b != nil {
		at := b.At.Time().UTC()
		d.CountedAt, d.Roles, d.GuestRoles = &at, b.Users, b.Guests
		d.Uncounted = append(d.Uncounted, b.Uncounted...)
	}
	return d
}

type whoGroup struct {
	ID      int64       `json:"id"`
	Name    string      `json:"name"`
	Opens   []string    `json:"opens"`
	Holders []whoHolder `json:"holders"`
	Unknown int         `json:"unknown_users"` // who hold it, too; see beside, also for what follows
	Guests  int         `json:"guests"`
	Links   int         `json:"access_links"`
	Teams   []whoTeam   `json:"teams"`
	words   string      // beside them
}

type whoTeam struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Members *int   `json:"members"` // null: they could not be counted
}

func newWhoTeam(t access.Team) whoTeam {
	out := whoTeam{ID: int64(t.ID), Name: t.Name}
	if t.Members != access.Unknown {
		out.Members = &t.Members
	}
	return out
}

type whoHolder struct {
	Email     string    `json:"email"`
	User      int64     `json:"user"`
	Role      string    `json:"role"`
	Since     time.Time `json:"since"`
	ByUs      bool      `json:"by_us"`
	Suspended bool      `json:"suspended"`
	How       string    `json:"how"`
}

func newWhoGroup(g record.GroupAnswer) whoGroup {
	out := whoGroup{ID: int64(g.ID), Opens: shape.Convert(g.Opens, record.Door.String), Unknown: g.Outside,
		Guests: g.Beside.Guests, Links: g.Beside.Links, Teams: shape.Convert(g.Beside.Teams, newWhoTeam), words: g.BesideWords()}
	if n := len(g.Names); n > 0 {
		out.Name = g.Names[n-1]
	}
	out.Holders = shape.Convert(g.Holders, func(h record.Holder) whoHolder {
		return whoHolder{Email: h.Email, User: int64(h.Member), Role: h.Right.Role.Words(), Since: h.Since.UTC(), ByUs: h.ByUs, Suspended: h.Suspended, How: h.How()}
	})
	return out
}

// unsure is said behind counts that lack something.
func unsure(uncounted []string) string {
	if len(uncounted) == 0 {
		return ""
	}
	return " that could be counted, see below"
}

func (t *Teller) who(a *record.Answer) error {
	d := whoDocument{At: a.At.UTC(), Groups: shape.Convert(a.Groups, newWhoGroup), Words: a.Words(), Beside: newWhoBeside(&a.Outside)}
	if t.UI.JSON {
		return t.UI.Print(d)
	}
	for _, g := range d.Groups {
		t.UI.Say("%s, at %s: %s", t.UI.Bold(voice.OrNone(g.Name, fmt.Sprintf("group %d", g.ID))), t.Moment(a.At), voice.Count(len(g.Holders), "person", "people"))
		if len(g.Opens) > 0 {
			t.UI.Say("  opened %s", strings.Join(g.Opens, ", "))
		}
		for _, h := range g.Holders {
			state := ""
			if h.Suspended {
				state = ", suspended: it opened nothing"
			}
			t.UI.Say("  %s as %s, since %s%s", voice.OrNone(h.Email, fmt.Sprintf("user %d", h.User)), h.Role, t.Moment(h.Since), state)
			t.UI.Say("      %s", h.How)
		}
		if at := d.Beside.CountedAt; at != nil {
			t.UI.Say("  beside them, as of %s: %s%s", t.Moment(*at), g.words, unsure(d.Beside.Uncounted))
		}
	}
	t.UI.Say("\n%s", d.Words)
	return nil
}
