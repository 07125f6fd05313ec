package ldap

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/dn"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// recorder turns entries into records.
type recorder struct {
	*layout
	asked []string // attributes that rules read
	put   func(*directory.Record) error
	proof *directory.Proof
	r     directory.Record // reused, as texts is: put copies what it keeps
	texts []string
	name  string // the DN of r as the server spells it
	tally *tally // of all entries, where somebody wants it

	// Of Active Directory.
	began     time.Time           // when the read began
	nextEnd   time.Time           // when the next account expires; zero if none does
	primary   map[string][]string // people by the SID of their primary group
	settled   []string            // of these groups all of them, and they were put
	homes     []string            // the domains of this source
	catalogOf string              // the own domain of a server that is asked as a global catalog; "" for others
	partials  []partial           // member lists of which a part has come
}

// personAttributes and groupAttributes are what must be asked for, each once.
func (l *layout) personAttributes(asked []string) []string {
	names := append([]string{l.people.id.attribute, l.email, l.login, l.changed}, l.people.names...)
	for _, d := range l.disabled {
		names = append(names, d.attribute)
	}
	if l.windows {
		names = append(names, "objectSid", "proxyAddresses", "accountExpires", "primaryGroupID")
	}
	return distinct(append(names, asked...))
}

func (l *layout) groupAttributes() []string {
	names := slices.Concat([]string{l.groups.id.attribute, l.changed}, l.groups.names, l.members)
	if l.windows {
		names = append(names, "objectSid", "uSNChanged", "groupType")
	}
	return distinct(names)
}

func distinct(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, n) }) {
			out = append(out, n)
		}
	}
	return out
}

// person puts one person.
func (x *recorder) person(e *ldapwire.Entry) error {
	if err := x.begin(directory.PersonIs, &x.people, e); err != nil {
		return err
	}
	x.addresses(e)
	for _, login := range e.Values(x.login) {
		x.r.Handles = append(x.r.Handles, directory.Ref{Kind: directory.ByUID, Value: strings.ToLower(string(login))})
	}
	x.r.Active = x.active(e)
	if x.windows {
		x.windowsPerson(e)
	}
	x.texts = x.texts[:0]
	for _, name := range x.asked {
		begin := len(x.texts)
		for _, v := range e.Values(name) {
			x.texts = append(x.texts, x.text(v))
		}
		if len(x.texts) > begin {
			x.r.Attrs = append(x.r.Attrs, directory.Attr{Name: name, Values: x.texts[begin:len(x.texts):len(x.texts)]})
		}
	}
	return x.put(&x.r)
}

// addresses takes the first one as the person's and the others as further names.
func (x *recorder) addresses(e *ldapwire.Entry) {
	if x.windows && strings.EqualFold(x.email, "proxyAddresses") {
		return // they have a form of their own
	}
	for i, v := range e.Values(x.email) {
		if i == 0 {
			x.r.Email = string(v)
			continue
		}
		x.r.Handles = append(x.r.Handles, directory.Ref{Kind: directory.ByMail, Value: email.Fold(string(v))})
	}
}

// group puts one group and all its members, as far as they came.
func (x *recorder) group(e *ldapwire.Entry) error {
	if err := x.begin(directory.GroupIs, &x.groups, e); err != nil {
		return err
	}
	if x.unlisted(x.name, e) {
		x.proof.Ignored++
		return x.put(&directory.Record{Kind: directory.Unsure, ID: x.r.ID})
	}
	sid := ""
	if x.windows {
		sid = x.windowsGroup(e)
	}
	if err := x.put(&x.r); err != nil {
		return err
	}
	id := x.r.ID
	if err := x.put(&directory.Record{Kind: directory.MembersFrom, ID: id}); err != nil {
		return err
	}
	whole := true
	for _, a := range e.Attributes {
		name, _, _ := strings.Cut(a.Name, ";")
		if !slices.ContainsFunc(x.members, func(m string) bool { return strings.EqualFold(m, name) }) {
			continue
		}
		if begin, end, ok := rangeOf(a.Name, name); ok && end >= 0 && begin == 0 {
			whole = false
			x.partials = append(x.partials, partial{id: id, dn: x.name, attribute: name, next: end + 1, usn: first(e, "uSNChanged"), sid: sid})
		} else if strings.Contains(a.Name, ";range=") && (!ok || begin != 0) {
			return fmt.Errorf("%s: the server sent only a part of its members (%s)", e.DN, a.Name)
		}
		if err := x.putMembers(id, name, a.Values); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	return x.putPrimary(sid, id)
}

// putMembers puts members of one group.
func (x *recorder) putMembers(group, attribute string, values [][]byte) error {
	member := directory.Record{Kind: directory.MemberIs, ID: group}
	for _, v := range values {
		var ok bool
		if x.windows {
			member.Member, ok = x.member(identify(string(v)))
		} else {
			member.Member, ok = memberRef(attribute, string(v))
		}
		if !ok {
			x.proof.Ignored++
			continue
		}
		if err := x.put(&member); err != nil {
			return err
		}
	}
	return nil
}

// begin fills in what people and groups share.
func (x *recorder) begin(kind directory.Kind, c *class, e *ldapwire.Entry) error {
	id, name, err := x.named(c, e)
	if err != nil {
		return err
	}
	if x.tally != nil {
		x.tally.add(kind, id, name, first(e, x.changed))
	}
	x.r = directory.Record{Kind: kind, ID: id, Handles: append(x.r.Handles[:0], directory.Ref{Kind: directory.ByDN, Value: name}), Attrs: x.r.Attrs[:0]}
	for _, attribute := range c.names {
		if v := e.Values(attribute); len(v) > 0 {
			x.r.Name = string(v[0])
			break
		}
	}
	if v := e.Values(x.changed); len(v) > 0 {
		x.r.Changed = moment(string(v[0]))
	}
	return nil
}

// named is an entry's id, and its name in canonical form; the name as the server spells it is kept, too.
func (x *recorder) named(c *class, e *ldapwire.Entry) (id, name string, err error) {
	if id, err = c.id.of(e); err != nil {
		return "", "", err
	}
	x.name = e.DN
	if x.windows {
		x.name = identify(e.DN).dn
	}
	if name, err = dn.Canonical(x.name); err != nil {
		return "", "", fmt.Errorf("entry %q: %w", e.DN, err)
	}
	return id, name, nil
}

// of is the entry's id as text.
func (f idForm) of(e *ldapwire.Entry) (string, error) {
	if v := e.Values(f.attribute); len(v) > 0 && len(v[0]) > 0 {
		id, err := f.text(v[0])
		if err != nil {
			return "", fmt.Errorf("%s: %w", e.DN, err)
		}
		return id, nil
	}
	return "", &hinted{fmt.Errorf("%s has no %s", e.DN, f.attribute),
		fmt.Sprintf("let the account read %s, or name another attribute that never changes under id", f.attribute)}
}

// active says what the directory says. An attribute that is missing may only be hidden from us: then it is unknown.
func (x *recorder) active(e *ldapwire.Entry) directory.Tri {
	state := directory.Unknown
	for _, d := range x.disabled {
		v := e.Values(d.attribute)
		if slices.ContainsFunc(v, d.fits) {
			return directory.No
		}
		if len(v) > 0 {
			state = directory.Yes
		}
	}
	return state
}

func (d rule) fits(value []byte) bool {
	if d.bit == 0 {
		return slices.Contains(d.values, strings.ToLower(string(value)))
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	return err == nil && n&d.bit != 0
}

// memberRef is the canonical form of a member value. An empty one, with which some fill groups that must not be empty, and one
// that is no name are nobody.
func memberRef(attribute, value string) (directory.Ref, bool) {
	if strings.EqualFold(attribute, "memberUid") {
		return directory.Ref{Kind: directory.ByUID, Value: strings.ToLower(value)}, value != ""
	}
	if strings.EqualFold(attribute, "uniqueMember") {
		value = withoutUID(value)
	}
	name, err := dn.Canonical(value)
	return directory.Ref{Kind: directory.ByDN, Value: name}, err == nil && name != ""
}

// withoutUID takes the optional identifier off a Name and Optional UID (RFC 4517 section 3.3.21): cn=Ana,dc=x#'0101'B.
func withoutUID(value string) string {
	head, bits, found := cutLast(value, "#'")
	if found && strings.HasSuffix(bits, "'B") && strings.Trim(strings.TrimSuffix(bits, "'B"), "01") == "" {
		return head
	}
	return value
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// moment reads a Generalized Time (RFC 4517 section 3.3.13) in UTC; zero if it is none.
func moment(value string) time.Time {
	for _, form := range []string{"20060102150405Z", "20060102150405.999999999Z"} {
		if t, err := time.Parse(form, value); err == nil {
			return t
		}
	}
	return time.Time{}
}

// text is a value as rules read it: a name without the identities that were asked for with all names.
func (x *recorder) text(value []byte) string {
	if x.windows && bytes.HasPrefix(value, []byte("<GUID=")) {
		return identify(string(value)).dn
	}
	return readable(value)
}

// readable is the text of a value; one that is no text is given in base64, as LDIF does (RFC 2849).
func readable(value []byte) string {
	if !utf8.Valid(value) {
		return base64.StdEncoding.EncodeToString(value)
	}
	return string(value)
}
