package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// object is one user or group of an answer, by the names of its properties. A property that was never set is missing, one that was cleared is null
// (learn.microsoft.com/graph/api/user-delta).
type object map[string]json.RawMessage

// null says that a property is missing or null.
func (o object) null(name string) bool {
	v, ok := o[name]
	return !ok || bytes.Equal(v, []byte("null"))
}

// text is a property that is a text; "" when there is none.
func (o object) text(name string) (string, error) {
	if o.null(name) {
		return "", nil
	}
	var v string
	if err := json.Unmarshal(o[name], &v); err != nil {
		return "", fmt.Errorf("%s is no text: %.40s", name, o[name])
	}
	return v, nil
}

// texts is a property that is a list of texts.
func (o object) texts(name string) ([]string, error) {
	if o.null(name) {
		return nil, nil
	}
	var v []string
	if err := json.Unmarshal(o[name], &v); err != nil {
		return nil, fmt.Errorf("%s is no list of texts: %.40s", name, o[name])
	}
	return v, nil
}

// id is the object's immutable id, in the one form in which members are named too.
func (o object) id() (string, error) {
	id, err := o.text("id")
	if err != nil || id == "" {
		return "", fmt.Errorf("an object without an id (%w)", err)
	}
	return strings.ToLower(id), nil
}

// removal is the mark of what is not there any more. The reason is "changed" for what can be restored and "deleted" for what cannot
// (learn.microsoft.com/graph/delta-query-overview, "Resource representation").
type removal struct {
	Reason string `json:"reason"`
}

// removed returns the mark, nil when there is none.
func (o object) removed() (*removal, error) {
	if o.null("@removed") {
		return nil, nil
	}
	var r removal
	if err := json.Unmarshal(o["@removed"], &r); err != nil {
		return nil, fmt.Errorf("@removed is no object: %.40s", o["@removed"])
	}
	return &r, nil
}

// partialUser says that an answer did not bring the user whole: every account has a name, a login and is enabled or not. An answer brings all that
// is asked for (learn.microsoft.com/graph/api/user-delta), but an update at least what changed (graph/delta-query-overview), and nobody says which holds
// when. Whoever was disabled, and comes as that and nothing else, must not lose the rest.
func (o object) partialUser() bool {
	return o.null("accountEnabled") || o.null("displayName") || o.null("userPrincipalName")
}

// partialGroup: every group has a name.
func (o object) partialGroup() bool { return o.null("displayName") }

// guest says that the account is of somebody else's directory. Accounts from before 2014 may have no type; they are members.
func (o object) guest() (bool, error) {
	kind, err := o.text("userType")
	return strings.EqualFold(kind, "Guest"), err
}

// person translates a user.
func (s *source) person(id string, o object) (*directory.Record, error) {
	r := &directory.Record{Kind: directory.PersonIs, ID: id, Active: directory.Unknown}
	var err error
	if r.Name, err = o.text("displayName"); err != nil {
		return nil, err
	}
	if r.Active, err = o.active(); err != nil {
		return nil, err
	}
	if err := s.addresses(r, o); err != nil {
		return nil, err
	}
	for _, a := range s.query.attributes {
		values, err := a.of(o)
		if err != nil {
			return nil, err
		}
		if len(values) > 0 {
			r.Attrs = append(r.Attrs, directory.Attr{Name: a.name, Values: values})
		}
	}
	return r, nil
}

func (o object) active() (directory.Tri, error) {
	var enabled *bool
	if err := json.Unmarshal(o["accountEnabled"], &enabled); err != nil || enabled == nil {
		return directory.Unknown, fmt.Errorf("accountEnabled is neither true nor false: %.40s", o["accountEnabled"])
	}
	if *enabled {
		return directory.Yes, nil
	}
	return directory.No, nil
}

// addresses finds the address where the settings say it is, and the others if they are wanted.
func (s *source) addresses(r *directory.Record, o object) error {
	for _, from := range s.settings.People.Email {
		found, err := o.address(from)
		if err != nil {
			return err
		}
		if r.Email == "" {
			r.Email = found
		}
	}
	if !s.settings.People.Aliases {
		return nil
	}
	others, err := o.texts("otherMails")
	if err != nil {
		return err
	}
	proxies, err := o.texts("proxyAddresses")
	if err != nil {
		return err
	}
	for _, p := range proxies { // "SMTP:" is the first one, "smtp:" any other; x500 and sip are no addresses
		if kind, address, ok := strings.Cut(p, ":"); ok && strings.EqualFold(kind, "smtp") {
			others = append(others, address)
		}
	}
	for _, a := range others {
		if folded := email.Fold(a); folded != "" && folded != email.Fold(r.Email) {
			r.Handles = append(r.Handles, directory.Ref{Kind: directory.ByMail, Value: folded})
		}
	}
	return nil
}

// mangled marks the userPrincipalName of somebody from another directory, ana_example.com#EXT#@contoso.onmicrosoft.com: nobody's address
// (learn.microsoft.com/entra/external-id/user-properties).
const mangled = "#EXT#"

func (o object) address(from string) (string, error) {
	switch from {
	case byOther:
		others, err := o.texts("otherMails")
		if err != nil || len(others) == 0 {
			return "", err
		}
		return others[0], nil
	case byUPN:
		upn, err := o.text("userPrincipalName")
		if strings.Contains(strings.ToUpper(upn), mangled) {
			upn = ""
		}
		return upn, err
	}
	return o.text("mail")
}

// of is the values of an attribute as texts: numbers and truth as JSON has them, lists one by one.
func (a *attribute) of(o object) ([]string, error) {
	raw := o.find(a.path[0])
	for _, name := range a.path[1:] {
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			return nil, nil
		}
		var inner object
		if err := json.Unmarshal(raw, &inner); err != nil {
			return nil, fmt.Errorf("%s has nothing within: %.40s", a.name, raw)
		}
		raw = inner.find(name)
	}
	return values(a.name, raw)
}

// find looks a property up as rules may spell it.
func (o object) find(name string) json.RawMessage {
	if v, ok := o[name]; ok {
		return v
	}
	for n, v := range o {
		if strings.EqualFold(n, name) {
			return v
		}
	}
	return nil
}

func values(name string, raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	switch raw[0] {
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("%s is no list: %.40s", name, raw)
		}
		var out []string
		for _, item := range list {
			v, err := values(name, item)
			if err != nil {
				return nil, err
			}
			out = append(out, v...)
		}
		return out, nil
	case '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, fmt.Errorf("%s is no text: %.40s", name, raw)
		}
		if text == "" {
			return nil, nil
		}
		return []string{text}, nil
	case '{':
		return nil, fmt.Errorf("%s has properties of its own: name one of them, as %s.part", name, name)
	}
	return []string{string(raw)}, nil
}
