package ldap

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// What is Active Directory's own. Facts are of [MS-ADTS], the sections are named.

const (
	extendedDN       = "1.2.840.113556.1.4.529" // section 3.1.1.3.4.1.5: names come with GUID and SID
	foreignContainer = ",cn=foreignsecurityprincipals,"
	neverExpires     = 1<<63 - 1   // accountExpires; 0 means the same (section 2.2.15 of [MS-ADA1])
	epochOfWindows   = 11644473600 // seconds from 1601 to 1970
)

// withIdentities asks for names in the form <GUID=…>;<SID=…>;CN=…, so that a member is known by what never changes: Active Directory
// renames and moves people without a trace in their groups.
func withIdentities() ldap.Control {
	return ldap.NewControlString(extendedDN, true, "\x30\x03\x02\x01\x01") // SEQUENCE { INTEGER 1 }: in hyphenated text
}

// identified is a name in the extended form, taken apart. A server that does not know the form sends a plain name.
type identified struct{ guid, sid, dn string }

func identify(name string) identified {
	var out identified
	for strings.HasPrefix(name, "<") {
		key, rest, ok := strings.Cut(name[1:], ">;")
		if !ok {
			break
		}
		switch kind, value, _ := strings.Cut(key, "="); strings.ToUpper(kind) {
		case "GUID":
			out.guid = strings.ToLower(value)
		case "SID":
			out.sid = strings.ToUpper(value)
		}
		name = rest
	}
	out.dn = name
	return out
}

// member is how a group's value names somebody. A foreign security principal stands for somebody of another domain, whom that domain's
// source knows by SID (section 3.1.1.5.2.3).
func (i identified) member() (directory.Ref, bool) {
	if strings.Contains(strings.ToLower(i.dn), foreignContainer) && i.sid != "" {
		return directory.Ref{Kind: directory.BySID, Value: i.sid}, true
	}
	if i.guid != "" {
		return directory.Ref{Kind: directory.ByID, Value: i.guid}, true
	}
	return memberRef("member", i.dn)
}

// refs are all ways in which a group may have named somebody who is no member any more.
func (i identified) refs() []directory.Ref {
	var out []directory.Ref
	if i.guid != "" {
		out = append(out, directory.Ref{Kind: directory.ByID, Value: i.guid})
	}
	if i.sid != "" {
		out = append(out, directory.Ref{Kind: directory.BySID, Value: i.sid})
	}
	if ref, ok := memberRef("member", i.dn); ok {
		out = append(out, ref)
	}
	return out
}

// sidText is a security identifier ([MS-DTYP] section 2.4.2.2) as text (section 2.4.2.1); false if it is none.
func sidText(raw []byte) (string, bool) {
	if len(raw) < 8 || raw[0] != 1 || len(raw) != 8+4*int(raw[1]) {
		return "", false
	}
	authority := uint64(0)
	for _, b := range raw[2:8] {
		authority = authority<<8 | uint64(b)
	}
	out := "S-1-" + strconv.FormatUint(authority, 10)
	for part := raw[8:]; len(part) > 0; part = part[4:] {
		out += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(part)), 10)
	}
	return out, true
}

// sidBytes is the other way round, for filters.
func sidBytes(text string) ([]byte, bool) {
	parts := strings.Split(text, "-")
	if len(parts) < 4 || len(parts) > 18 || parts[0] != "S" || parts[1] != "1" {
		return nil, false
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil, false
	}
	raw := binary.BigEndian.AppendUint64(nil, authority)
	raw[0], raw[1] = 1, byte(len(parts)-3)
	for _, p := range parts[3:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, false
		}
		raw = binary.LittleEndian.AppendUint32(raw, uint32(n))
	}
	return raw, true
}

// inFilter writes bytes as a filter wants them (RFC 4515 section 3).
func inFilter(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		fmt.Fprintf(&b, `\%02x`, c)
	}
	return b.String()
}

// fileTime is a moment in steps of 100 ns since 1601; zero for none and for never.
func fileTime(value []byte) time.Time {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n <= 0 || n == neverExpires {
		return time.Time{}
	}
	return time.Unix(n/1e7-epochOfWindows, n%1e7*100).UTC()
}

// windowsPerson adds what Active Directory says of people elsewhere than others: a SID, addresses with the primary one first, an account
// that expires, a primary group.
func (x *recorder) windowsPerson(e *ldapwire.Entry) {
	sid := ""
	if v := e.Values("objectSid"); len(v) > 0 {
		sid, _ = sidText(v[0])
	}
	if sid != "" {
		x.r.Handles = append(x.r.Handles, directory.Ref{Kind: directory.BySID, Value: sid})
	}
	x.proxyAddresses(e)
	x.expires(e)
	if v := e.Values("primaryGroupID"); len(v) > 0 && sid != "" {
		group := sid[:strings.LastIndexByte(sid, '-')+1] + string(v[0])
		if x.primary == nil {
			x.primary = map[string][]string{}
		}
		x.primary[group] = append(x.primary[group], x.r.ID)
	}
}

// proxyAddresses are Exchange's: SMTP: in capitals before the primary one, smtp: before the others, other words before what is no mail.
func (x *recorder) proxyAddresses(e *ldapwire.Entry) {
	for _, v := range e.Values("proxyAddresses") {
		kind, address, ok := strings.Cut(string(v), ":")
		if !ok || !strings.EqualFold(kind, "smtp") || address == "" {
			continue
		}
		if kind == "SMTP" && (x.r.Email == "" || strings.EqualFold(x.email, "proxyAddresses")) {
			x.r.Email = address
		}
		x.r.Handles = append(x.r.Handles, directory.Ref{Kind: directory.ByMail, Value: email.Fold(address)})
	}
}

// expires takes an account whose time has come for a disabled one, and remembers the next whose time will come: nothing in the
// directory changes at that moment.
func (x *recorder) expires(e *ldapwire.Entry) {
	v := e.Values("accountExpires")
	if len(v) == 0 {
		return
	}
	switch end := fileTime(v[0]); {
	case end.IsZero():
	case !end.After(x.began):
		x.r.Active = directory.No
	case x.nextEnd.IsZero() || end.Before(x.nextEnd):
		x.nextEnd = end
	}
}

// windowsGroup adds a group's SID, and those whose primary group it is: they are not in its member list (section 3.1.1.1.4's
// primaryGroupID), although Windows counts them as members.
func (x *recorder) windowsGroup(e *ldapwire.Entry) (sid string) {
	if v := e.Values("objectSid"); len(v) > 0 {
		if sid, _ = sidText(v[0]); sid != "" {
			x.r.Handles = append(x.r.Handles, directory.Ref{Kind: directory.BySID, Value: sid})
		}
	}
	return sid
}

func (x *recorder) putPrimary(sid, group string) error {
	for _, id := range x.primary[sid] {
		if err := x.put(&directory.Record{Kind: directory.MemberIs, ID: group, Member: directory.Ref{Kind: directory.ByID, Value: id}}); err != nil {
			return err
		}
	}
	return nil
}

// partial is a member list of which the server sent the first part only (section 3.1.1.3.1.3.3).
type partial struct {
	id, dn, attribute string
	next              int
	usn               string // of the entry when the first part was read
	sid               string // of the group
}

// mostTries is how often a list that changes while it is read is begun again.
const mostTries = 5

// rest reads the rest of every list that came in part. A list that changes meanwhile is read anew.
func (r *reading) rest(ctx context.Context) error {
	all := r.partials
	r.partials = nil
	for _, p := range all {
		if err := r.wholeList(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) wholeList(ctx context.Context, p partial) error {
	for range mostTries {
		again, err := r.ranges(ctx, &p)
		if err != nil {
			return err
		}
		if !again {
			return r.putPrimary(p.sid, p.id)
		}
		p.next, p.usn = 0, ""
		if err := r.put(&directory.Record{Kind: directory.MembersFrom, ID: p.id}); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: its members changed %d times while they were read", p.dn, mostTries)
}

// ranges reads range after range; again if the group is not what it was when the first one came.
func (r *reading) ranges(ctx context.Context, p *partial) (again bool, err error) {
	q := query{what: "members", base: p.dn, filter: "(objectClass=*)", scope: ldap.ScopeBaseObject, controls: r.groupQ.controls}
	for {
		q.attributes = []string{fmt.Sprintf("%s;range=%d-*", p.attribute, p.next), "uSNChanged"}
		found := false
		_, err := r.c.page(ctx, q, nil, r.proof, func(e *ldapwire.Entry) error {
			found = true
			usn := first(e, "uSNChanged")
			if p.usn == "" {
				p.usn = usn
			}
			if again = usn != p.usn; again {
				return nil
			}
			again, err = p.putRange(r.recorder, e)
			return err
		})
		switch {
		case err != nil:
			return false, err
		case !found || again:
			return true, nil
		case p.next < 0:
			return false, nil
		}
	}
}

// putRange puts the members of one range and moves on to the next, -1 after the last; again if the answer does not go on where the last
// one ended, as when the list has become shorter.
func (p *partial) putRange(x *recorder, e *ldapwire.Entry) (again bool, err error) {
	for _, a := range e.Attributes {
		begin, end, ok := rangeOf(a.Name, p.attribute)
		if !ok || begin != p.next {
			continue
		}
		p.next = -1
		if end >= 0 {
			p.next = end + 1
		}
		return false, x.putMembers(p.id, p.attribute, a.Values)
	}
	return true, nil
}

// rangeOf reads the range of "member;range=0-1499"; end is -1 for "*", the last.
func rangeOf(name, attribute string) (begin, end int, ok bool) {
	base, option, found := strings.Cut(strings.ToLower(name), ";range=")
	if !found || !strings.EqualFold(base, attribute) {
		return 0, 0, false
	}
	from, to, found := strings.Cut(option, "-")
	if !found {
		return 0, 0, false
	}
	begin, err := strconv.Atoi(from)
	if err != nil {
		return 0, 0, false
	}
	if to == "*" {
		return begin, -1, true
	}
	end, err = strconv.Atoi(to)
	return begin, end, err == nil && end >= begin
}

func first(e *ldapwire.Entry, attribute string) string {
	if v := e.Values(attribute); len(v) > 0 {
		return string(v[0])
	}
	return ""
}
