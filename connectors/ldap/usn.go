package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// Increments of Active Directory by update sequence numbers ([MS-ADTS] section 3.1.1.1.9). Each domain controller numbers its changes, so a
// position is good for one controller's database, which its invocationId names; a controller that was restored from a backup has another.
//
//   - Whatever changed below the domain is asked for by number alone, tombstones among it, and then read by its id through the very
//     searches for people and groups. So who left the base or the filter is noticed like who was deleted: the search does not find them.
//   - A deletion is only seen by an account that may look into the recycle bin. One that sees nobody in there is given no increments, since
//     nothing tells an empty bin from a hidden one. `check` says what to grant.
//   - A container that was renamed or moved may have taken people into the base or out of it without changing one of them, so any change of
//     an old one means to read everything.
//   - A number below ours means that the database was put back behind our backs (USN rollback): everything is read.

const showDeleted = "1.2.840.113556.1.4.417" // section 3.1.1.3.4.1.14

// usnToken is the position of one domain controller.
type usnToken struct {
	USN     int64     `json:"usn"`
	Known   int       `json:"known"`             // people and groups after the last complete read
	NextEnd time.Time `json:"next_end,omitzero"` // when the next account expires
}

type usn struct{ *reading }

// shape is what a position is good for: a controller's database, these bases, these searches. It is nil where increments are not to be had.
func (u usn) shape(ctx context.Context) (*[32]byte, error) {
	if !u.source.settings.Increments || !u.c.offers(showDeleted) || !u.c.offers(extendedDN) || u.domain() == "" {
		return nil, nil
	}
	invocation, err := u.invocation(ctx)
	if err != nil || invocation == "" {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "ad usn 1 %q %q\n", invocation, u.domain())
	for _, q := range []query{u.peopleQ, u.groupQ} {
		id, err := u.baseID(ctx, q.base)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%q %q %q %d %q\n", id, q.base, q.filter, q.scope, q.attributes)
	}
	return (*[32]byte)(h.Sum(nil)), nil
}

// domain is the naming context that both bases lie in, "" if it is not the server's own: numbers say nothing of others.
func (u usn) domain() string {
	own := u.c.dse.GetEqualFoldAttributeValue("defaultNamingContext")
	if own == "" || !within(u.peopleQ.base, own) || !within(u.groupQ.base, own) {
		return ""
	}
	return own
}

func (u usn) invocation(ctx context.Context) (string, error) {
	service := u.c.dse.GetEqualFoldAttributeValue("dsServiceName")
	if service == "" {
		return "", nil
	}
	var id string
	q := query{what: "the server's own object", base: service, filter: "(objectClass=*)", scope: ldap.ScopeBaseObject, attributes: []string{"invocationId"}}
	_, err := u.c.page(ctx, q, nil, &directory.Proof{}, func(e *ldapwire.Entry) error {
		id = first(e, "invocationId")
		return nil
	})
	if _, ok := answered(err); ok {
		return "", nil // hidden from us
	}
	return id, err
}

// baseID is the id of a base, which must be there.
func (u usn) baseID(ctx context.Context, base string) (string, error) {
	var id string
	q := query{what: "the base", base: base, filter: "(objectClass=*)", scope: ldap.ScopeBaseObject, attributes: []string{"objectGUID"}}
	_, err := u.c.page(ctx, q, nil, &directory.Proof{}, func(e *ldapwire.Entry) error {
		id = first(e, "objectGUID")
		return nil
	})
	return id, err
}

// seesDeletions says whether this account sees at least one deleted object.
func (u usn) seesDeletions(ctx context.Context) (bool, error) {
	enough, seen := errors.New("enough"), false
	q := query{what: "deleted objects", base: "CN=Deleted Objects," + u.domain(), filter: "(isDeleted=TRUE)", scope: ldap.ScopeSingleLevel,
		attributes: []string{"1.1"}, controls: []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}}
	control := ldap.NewControlPaging(1)
	_, err := u.c.page(ctx, q, control, &directory.Proof{}, func(*ldapwire.Entry) error {
		seen = true
		return enough
	})
	if _, ok := answered(err); ok || errors.Is(err, enough) {
		err = nil
	}
	return seen, err
}

// begin is the position before everything is read.
func (u usn) begin(ctx context.Context) (usnToken, error) {
	seen, err := u.seesDeletions(ctx)
	if err != nil {
		return usnToken{}, err
	}
	if !seen {
		return usnToken{}, &useless{errors.New("this account sees no deleted objects")}
	}
	n, err := strconv.ParseInt(u.c.dse.GetEqualFoldAttributeValue("highestCommittedUSN"), 10, 64)
	if err != nil {
		return usnToken{}, &useless{errors.New("the server does not say its highestCommittedUSN")}
	}
	return usnToken{USN: n}, nil
}

// check says whether this account gets increments, and what is missing if not.
func (u usn) check(ctx context.Context, shape *[32]byte) connectors.Finding {
	const everything = "everything is read each time: "
	switch {
	case !u.source.settings.Increments:
		return good(everything + "increments are switched off")
	case shape == nil && u.domain() == "":
		return good(everything + "the bases are not within the server's own domain (" + u.c.dse.GetEqualFoldAttributeValue("defaultNamingContext") + ")")
	case shape == nil:
		return good(everything + "the server does not say which one it is, or does not offer the controls for it")
	}
	switch seen, err := u.seesDeletions(ctx); {
	case err != nil:
		return connectors.Finding{Level: connectors.Warning, Text: everything + err.Error()}
	case !seen:
		return connectors.Finding{Level: connectors.Warning, Text: everything + "this account sees no deleted objects, or nothing was ever deleted",
			Hint: `as a domain administrator: dsacls "CN=Deleted Objects,` + u.domain() + `" /takeownership, then the same with /G ` + u.source.settings.Login.User + `:LCRP`}
	}
	return good("only what changed is read (uSNChanged)")
}

// fetch reads what changed since a position that is ours, or everything.
func (u usn) fetch(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	shape, err := u.shape(ctx)
	if err != nil {
		return directory.Receipt{}, err
	}
	if shape != nil && since.Shape == *shape {
		return u.delta(ctx, since)
	}
	var now usnToken
	if shape != nil {
		now, err = u.begin(ctx)
		if err != nil && !errors.As(err, new(*useless)) {
			return directory.Receipt{}, err
		}
	}
	if err != nil {
		u.proof.Note, shape = "no increments: "+err.Error(), nil
	}
	before := u.proof.Entries
	if err := u.everything(ctx); err != nil {
		return directory.Receipt{}, err
	}
	if shape == nil {
		return directory.Receipt{Coverage: directory.Complete}, nil
	}
	now.Known, now.NextEnd = u.proof.Entries-before, u.nextEnd
	return now.receipt(directory.Complete, *shape)
}

func (t usnToken) receipt(c directory.Coverage, shape [32]byte) (directory.Receipt, error) {
	raw, err := json.Marshal(t)
	return directory.Receipt{Coverage: c, Next: directory.Cursor{Shape: shape, Token: raw}}, err
}

// delta reads what changed since a position. It is useless when that cannot be told for certain.
func (u usn) delta(ctx context.Context, since directory.Cursor) (directory.Receipt, error) {
	var old usnToken
	if err := json.Unmarshal(since.Token, &old); err != nil || old.USN <= 0 {
		return directory.Receipt{}, &useless{errors.New("the position is not one of ours")}
	}
	now, err := u.begin(ctx)
	if err != nil {
		return directory.Receipt{}, err
	}
	switch {
	case now.USN < old.USN:
		return directory.Receipt{}, &useless{fmt.Errorf("the server is at change %d and was at %d: it was put back", now.USN, old.USN)}
	case !old.NextEnd.IsZero() && !old.NextEnd.After(u.began):
		return directory.Receipt{}, &useless{errors.New("an account expired")}
	}
	t, err := u.changed(ctx, old)
	if err != nil {
		return directory.Receipt{}, refused(err)
	}
	if err := u.readAgain(ctx, t); err != nil {
		return directory.Receipt{}, err
	}
	now.Known, now.NextEnd = old.Known, earlier(old.NextEnd, u.nextEnd)
	return now.receipt(directory.Delta, since.Shape)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// touched is what changed in a domain, whatever it is.
type touched struct {
	ids    []string
	erased map[string]bool // those among them that were deleted
}

// changed is what changed after a position.
func (u usn) changed(ctx context.Context, old usnToken) (*touched, error) {
	q := query{what: "changes", base: u.domain(), filter: fmt.Sprintf("(uSNChanged>=%d)", old.USN+1), scope: ldap.ScopeWholeSubtree,
		attributes: []string{"objectGUID", "objectClass", "uSNCreated", "isDeleted"}, controls: []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}}
	t := &touched{erased: map[string]bool{}}
	err := u.c.pages(ctx, q, u.source.settings.PageSize, u.proof, func(e *ldapwire.Entry) error {
		id, err := u.layout.people.id.of(e)
		if err != nil {
			return err
		}
		if created, err := strconv.ParseInt(first(e, "uSNCreated"), 10, 64); isContainer(e) && (err != nil || created <= old.USN) {
			return &useless{errors.New("a container was changed, so people may have come or gone with it")}
		}
		if strings.EqualFold(first(e, "isDeleted"), "TRUE") {
			t.erased[id] = true
		}
		if t.ids = append(t.ids, id); len(t.ids) > max(old.Known/2, 1000) {
			return &useless{errors.New("more than half of the directory changed")}
		}
		return nil
	})
	return t, err
}

// isContainer says whether people and groups hang below entries of this class. A user may have entries below, too, which are none of ours.
func isContainer(e *ldapwire.Entry) bool {
	for _, v := range e.Values("objectClass") {
		switch strings.ToLower(string(v)) {
		case "organizationalunit", "container", "domaindns", "builtindomain", "locality", "organization":
			return true
		}
	}
	return false
}

// readAgain reads people and groups by id. Who is not found is gone, or was never one of ours.
func (u usn) readAgain(ctx context.Context, t *touched) error {
	found := map[string]bool{}
	var groups []*ldapwire.Entry
	for some := range slices.Chunk(t.ids, lookup) {
		people, group := u.peopleQ, u.groupQ
		people.filter, group.filter = only(people.filter, some), only(group.filter, some)
		if _, err := u.c.page(ctx, people, nil, u.proof, func(e *ldapwire.Entry) error { return u.again(e, u.person, found) }); err != nil {
			return refused(err)
		}
		if _, err := u.c.page(ctx, group, nil, u.proof, func(e *ldapwire.Entry) error { groups = append(groups, e.Clone()); return nil }); err != nil {
			return refused(err)
		}
	}
	for _, e := range groups {
		if err := u.primaryMembers(ctx, e); err != nil {
			return err
		}
		if err := u.again(e, u.group, found); err != nil {
			return err
		}
	}
	if err := u.newPrimaries(ctx); err != nil {
		return err
	}
	if err := u.rest(ctx); err != nil {
		return err
	}
	return u.putGone(t, found)
}

// again puts an entry and remembers that it was found.
func (u usn) again(e *ldapwire.Entry, put func(*ldapwire.Entry) error, found map[string]bool) error {
	err := put(e)
	found[u.r.ID] = true
	return err
}

// putGone puts who was not found. Deleting somebody takes them out of their groups, and leaves no trace there.
func (u usn) putGone(t *touched, found map[string]bool) error {
	for _, id := range t.ids {
		kind := directory.Gone
		if t.erased[id] {
			kind = directory.Erased
		}
		if found[id] {
			continue
		}
		if err := u.put(&directory.Record{Kind: kind, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// only narrows a filter to some objects.
func only(filter string, ids []string) string {
	var b strings.Builder
	b.WriteString("(&" + filter + "(|")
	for _, id := range ids {
		b.WriteString("(objectGUID=" + inFilter(guidPacket(id)) + ")")
	}
	return b.String() + "))"
}

// primaryMembers finds everybody whose primary group this is. When the primary group of somebody changes, both groups change, so it is
// enough to look when a group does.
func (u usn) primaryMembers(ctx context.Context, group *ldapwire.Entry) error {
	v := group.Values("objectSid")
	if len(v) == 0 {
		return nil
	}
	sid, ok := sidText(v[0])
	if !ok {
		return nil
	}
	q := u.peopleQ
	q.filter = "(&" + q.filter + "(primaryGroupID=" + sid[strings.LastIndexByte(sid, '-')+1:] + "))"
	q.attributes = []string{u.layout.people.id.attribute}
	var all []string
	err := u.c.pages(ctx, q, u.source.settings.PageSize, u.proof, func(e *ldapwire.Entry) error {
		id, err := u.layout.people.id.of(e)
		all = append(all, id)
		return err
	})
	if err != nil {
		return refused(err)
	}
	if u.primary == nil {
		u.primary = map[string][]string{}
	}
	u.primary[sid] = all
	u.settled = append(u.settled, sid)
	return nil
}

// newPrimaries puts people who changed into their primary groups, as far as those did not change themselves: somebody who is new changes
// nothing about the group.
func (u usn) newPrimaries(ctx context.Context) error {
	for _, sid := range u.settled {
		delete(u.primary, sid)
	}
	for sid := range u.primary {
		raw, ok := sidBytes(sid)
		if !ok {
			continue
		}
		q := u.groupQ
		q.filter, q.attributes = "(&"+q.filter+"(objectSid="+inFilter(raw)+"))", []string{u.layout.groups.id.attribute}
		_, err := u.c.page(ctx, q, nil, u.proof, func(e *ldapwire.Entry) error {
			id, err := u.layout.groups.id.of(e)
			if err != nil {
				return err
			}
			return u.putPrimary(sid, id)
		})
		if err != nil {
			return refused(err)
		}
	}
	return nil
}
