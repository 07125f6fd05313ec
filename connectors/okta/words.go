package okta

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func num(n int) string         { return strconv.Itoa(n) }
func quote(text string) string { return strconv.Quote(text) }

// statuses are what Okta says of users (its OpenAPI, schema UserStatus).
func statuses() []string {
	return []string{"STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"}
}

// meaning is what a status says about somebody's doors. Who forgot a password, or typed a wrong one too often, has not left. Who is
// staged has not begun.
//
//	STAGED                                                       disabled: somebody made the account for later
//	PROVISIONED, ACTIVE, RECOVERY, PASSWORD_EXPIRED, LOCKED_OUT  active
//	SUSPENDED, DEPROVISIONED                                     disabled
//	one that Okta adds after this was written                    unknown, which counts as active; it is remarked
func (s *Settings) meaning(status string) directory.Tri {
	switch s.Statuses[status] {
	case "active":
		return directory.Yes
	case "disabled":
		return directory.No
	}
	switch status {
	case "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT":
		return directory.Yes
	case "STAGED", "SUSPENDED", "DEPROVISIONED":
		return directory.No
	}
	return directory.Unknown
}

// user is what is read of a user (schema User).
type user struct {
	ID          string                     `json:"id"`
	Status      string                     `json:"status"`
	LastUpdated time.Time                  `json:"lastUpdated"`
	Profile     map[string]json.RawMessage `json:"profile"`
}

// group is what is read of a group (schema Group).
type group struct {
	ID                    string                `json:"id"`
	Type                  string                `json:"type"`
	LastUpdated           time.Time             `json:"lastUpdated"`
	LastMembershipUpdated time.Time             `json:"lastMembershipUpdated"`
	Profile               struct{ Name string } `json:"profile"`
}

// member is what is read of a member of a group (schema GroupMember): the people come by themselves.
type member struct {
	ID string `json:"id"`
}

// event is what is read of a line of the system log (schema LogEvent).
type event struct {
	Target []struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"target"`
}

// stamp changes when the group or who is in it does.
func (g *group) stamp() string {
	return strconv.FormatInt(g.LastUpdated.UnixMilli(), 36) + "." + strconv.FormatInt(g.LastMembershipUpdated.UnixMilli(), 36)
}

func (g *group) record() *directory.Record {
	return &directory.Record{Kind: directory.GroupIs, ID: g.ID, Name: g.Profile.Name, Changed: g.LastUpdated}
}

// record is what is kept of a user: the attributes that rules ask for, and no other.
func (s *Settings) record(u *user, attributes []string) *directory.Record {
	r := &directory.Record{
		Kind: directory.PersonIs, ID: u.ID, Name: u.name(), Active: s.meaning(u.Status), Changed: u.LastUpdated,
		Email: u.text(orElse(s.People.Email, "email")),
	}
	for _, name := range attributes {
		if values := values(u.Profile[name]); len(values) > 0 {
			r.Attrs = append(r.Attrs, directory.Attr{Name: name, Values: values})
		}
	}
	return r
}

func orElse(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func (u *user) name() string {
	if name := u.text("displayName"); name != "" {
		return name
	}
	return strings.TrimSpace(u.text("firstName") + " " + u.text("lastName"))
}

func (u *user) text(attribute string) string {
	if all := values(u.Profile[attribute]); len(all) > 0 {
		return all[0]
	}
	return ""
}

// values are an attribute's values as text: a text, number or truth value is one, a list several. Okta has no other kinds in profiles
// (schema UserSchemaAttributeType).
func values(raw json.RawMessage) []string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if len(raw) == 0 || d.Decode(&value) != nil {
		return nil
	}
	list, many := value.([]any)
	if !many {
		list = []any{value}
	}
	var out []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case json.Number:
			out = append(out, v.String())
		case bool:
			out = append(out, strconv.FormatBool(v))
		}
	}
	return slices.DeleteFunc(out, func(text string) bool { return text == "" })
}
