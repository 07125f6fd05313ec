package kisi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// User is a Kisi user (§3.1).
type User struct {
	ID                int64    `json:"id"`
	Name              string   `json:"name"`
	Email             string   `json:"email"`
	Metadata          Metadata `json:"metadata"`
	Notes             string   `json:"notes"`
	AccessEnabled     *bool    `json:"access_enabled"`
	SCIMAccessEnabled *bool    `json:"scim_access_enabled"`
	// LastAccessedAt is when the user last unlocked something; nil for never.
	LastAccessedAt *time.Time `json:"last_accessed_at"`
}

func (u User) key() int64 { return u.ID }

// A user without an address is one that we cannot know; it is not a flaw. One
// that does not say whether it is enabled is: taken for enabled, a suspension
// of ours would be forgotten, and never lifted; taken for suspended, a leaver
// would keep the doors.
func (u User) flaw() string {
	return cmp.Or(lacks("id", u.ID == 0), lacks("access_enabled", u.AccessEnabled == nil))
}

// Enabled says whether the access switch is on. Unsaid, where that can be,
// counts as on: then a leaver's is switched off once more.
func (u User) Enabled() bool { return u.AccessEnabled == nil || *u.AccessEnabled }

// SCIMBlocked says that SCIM has taken the access, which REST cannot undo (§2).
func (u User) SCIMBlocked() bool { return u.SCIMAccessEnabled != nil && !*u.SCIMAccessEnabled }

// lacks words a flaw; "" if there is none.
func lacks(what string, missing bool) string {
	if missing {
		return "has no " + what
	}
	return ""
}

const usersPerPage = 100 // the most (§1.4)

func userList(filter url.Values) listing {
	return listing{path: "/users", query: filter, sort: "name", limit: usersPerPage}
}

// Users reads all users of the organization.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	return listLong[User](ctx, c, userList(nil))
}

// User reads one user.
func (c *Client) User(ctx context.Context, id int64) (User, error) {
	return getWhole[User](ctx, c, at("/users", id))
}

// UsersByID reads the users with the given ids. Those that do not exist are
// missing from the answer; a filter that was misunderstood looks the same, so
// whoever concludes from absence asks [Client.User] too.
func (c *Client) UsersByID(ctx context.Context, ids []int64) ([]User, error) {
	var all []User
	for len(ids) > 0 {
		n := min(len(ids), usersPerPage)
		some, err := list[User](ctx, c, userList(url.Values{"ids": {joinIDs(ids[:n])}}))
		if err != nil {
			return nil, err
		}
		all, ids = append(all, some...), ids[n:]
	}
	return all, nil
}

func joinIDs(ids []int64) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(words, ",")
}

// UsersByEmail reads the users whose address is the same once folded; more
// than one only if Kisi tells cases apart. The filter email may be exact to the
// letter (§12.14), so the fuzzy search has a second look.
func (c *Client) UsersByEmail(ctx context.Context, address string) ([]User, error) {
	folded := email.Fold(address)
	if folded == "" {
		return nil, nil // an empty filter would ask for everybody
	}
	for _, filter := range []string{"email", "query"} {
		some, err := list[User](ctx, c, userList(url.Values{filter: {folded}}))
		if err != nil {
			return nil, err
		}
		if same := withAddress(some, folded); len(same) > 0 {
			return same, nil
		}
		if filter == "email" && len(withAddress(some, "")) > 0 { // it may be this one: to make it would give what it has again
			return nil, &Error{Method: http.MethodGet, Path: "/users", kind: access.ErrStop,
				cause: errors.New("a user without an address came where one of an address was asked for")}
		}
	}
	return nil, nil
}

func withAddress(users []User, folded string) []User {
	var same []User
	for _, u := range users {
		if email.Fold(u.Email) == folded {
			same = append(same, u)
		}
	}
	return same
}

// NewUser is a user to be created.
type NewUser struct {
	Email, Name string
	// Managed users get no mail from Kisi and need not confirm; the others are
	// invited by mail. It cannot be changed later (§2).
	Managed  bool
	Enabled  bool
	Metadata map[string]string
	Notes    string
}

// CreateUser creates a user and returns it. Every switch is sent, because
// Kisi's defaults are unstated (§12.6).
func (c *Client) CreateUser(ctx context.Context, u NewUser) (User, error) {
	type fields struct {
		Email               string            `json:"email"`
		Name                string            `json:"name"`
		SendEmails          bool              `json:"send_emails"`
		Confirm             bool              `json:"confirm"`
		AccessEnabled       bool              `json:"access_enabled"`
		PasswordFlowEnabled bool              `json:"password_flow_enabled"`
		Metadata            map[string]string `json:"metadata"`
		Notes               string            `json:"notes"`
	}
	metadata := make(map[string]string, len(u.Metadata))
	for key, value := range u.Metadata {
		metadata[key] = access.FitValue(value)
	}
	return create[User](ctx, c, request{path: "/users", body: map[string]fields{"user": {
		Email: u.Email, Name: u.Name, SendEmails: !u.Managed, Confirm: u.Managed, AccessEnabled: u.Enabled,
		PasswordFlowEnabled: !u.Managed, Metadata: metadata, Notes: u.Notes,
	}}})
}

// UserChange is what can be changed of a user; nil fields stay as they are.
// The address cannot be changed (§3.5).
type UserChange struct {
	Name    *string
	Enabled *bool
	// Metadata is put beside what others keep there. Where the limits of §3.1
	// leave no room, others' keys win and the last of ours are left out.
	Metadata []Pair
}

// PatchUser changes a user.
func (c *Client) PatchUser(ctx context.Context, id int64, change UserChange) error {
	fields := map[string]any{}
	if change.Name != nil {
		fields["name"] = *change.Name
	}
	if change.Enabled != nil {
		fields["access_enabled"] = *change.Enabled
	}
	if len(change.Metadata) > 0 {
		// Whether PATCH replaces or merges is unstated (§12.8): read, merge
		// here, send the whole.
		u, err := c.User(ctx, id)
		if err != nil {
			return err
		}
		fields["metadata"] = u.Metadata.merge(change.Metadata)
	}
	return c.change(ctx, request{method: http.MethodPatch, path: at("/users", id), body: map[string]any{"user": fields}})
}

// create makes a POST and reads the new object, which must have an id.
func create[T row](ctx context.Context, c *Client, r request) (T, error) {
	r.method = http.MethodPost
	var made T
	answer, err := c.call(ctx, r)
	if err != nil {
		return made, err
	}
	if err := answer.object(&made); err != nil {
		return made, err
	}
	if made.key() == 0 {
		return made, answer.misshapen("what was created has no id")
	}
	return made, nil
}

// change makes a PATCH or DELETE.
func (c *Client) change(ctx context.Context, r request) error {
	answer, err := c.call(ctx, r)
	if err != nil {
		return err
	}
	return answer.empty()
}

// remove deletes one object; one that is gone already is as good (§1.7).
func (c *Client) remove(ctx context.Context, path string) error {
	return withoutGone(c.change(ctx, request{method: http.MethodDelete, path: path}))
}

// timestamp is a date as Kisi writes it (§1.8); null for the zero time.
func timestamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format("2006-01-02T15:04:05Z")
	return &text
}
