package ldap

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// DirSync ([MS-ADTS] section 3.1.1.3.4.1.3) replicates a naming context: of each object that changed it brings the attributes that did,
// among those that were asked for, and of long lists who came and who went. Its cookie says how far that got; it is asked on until the
// server says that there is no more.

const (
	// mostBytes is how much one answer may hold.
	mostBytes = 1 << 20
	// nobody matches no object: so a position is had without what lies before it.
	nobody = `(objectGUID=\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00)`
)

func (w way) flags() int64 {
	if w == byVisibility {
		return ldap.DirSyncIncrementalValues | ldap.DirSyncObjectSecurity
	}
	return ldap.DirSyncIncrementalValues
}

// dirSyncNow is the server's position of this moment.
func (w windows) dirSyncNow(ctx context.Context, by way) ([]byte, error) {
	q := query{what: "the position", base: w.domain(), filter: nobody, scope: ldap.ScopeWholeSubtree, attributes: w.replicatedAttributes()}
	return w.dirSync(ctx, q, by, nil, func(*ldapwire.Entry) error { return nil })
}

// dirSync asks from a cookie on until nothing is left, and returns the cookie behind it.
func (w windows) dirSync(ctx context.Context, q query, by way, cookie []byte, each func(*ldapwire.Entry) error) ([]byte, error) {
	for {
		control := ldap.NewRequestControlDirSync(by.flags(), mostBytes, cookie)
		count, refused := 0, error(nil) // by each
		end, err := w.c.search(ctx, q.request(control), func(a *ldapwire.Answer) error {
			if a.Entry != nil {
				count++
				refused = each(a.Entry)
			}
			return refused
		})
		if refused != nil {
			return nil, refused
		}
		answer, ok := ldap.FindControl(end, ldap.ControlTypeDirSync).(*ldap.ControlDirSync)
		switch {
		case err != nil:
			return nil, w.c.explain(ctx, err)
		case !ok || len(answer.Cookie) == 0:
			return nil, &useless{errors.New("the server says no position after a replication")}
		case answer.Flags != 0 && count == 0 && bytes.Equal(cookie, answer.Cookie):
			return nil, errors.New("the server says again and again that there is more to replicate, and sends nothing")
		}
		w.proof.Pages++
		w.proof.Entries += count
		if cookie = answer.Cookie; answer.Flags == 0 {
			return cookie, nil
		}
	}
}

// replicatedAttributes are those of which a change is told.
func (w windows) replicatedAttributes() []string {
	all := distinct(append(w.heeded(), "objectGUID", "objectClass", "whenCreated", "isDeleted", "name", "parentGUID"))
	return slices.DeleteFunc(all, func(n string) bool { return strings.EqualFold(n, "whenChanged") || strings.EqualFold(n, "uSNChanged") })
}

// changedByDirSync is what changed after a cookie.
func (w windows) changedByDirSync(ctx context.Context, old position, next *position) (t *touched, err error) {
	t = newTouched(old)
	q := query{what: "changes", base: w.domain(), filter: "(objectClass=*)", scope: ldap.ScopeWholeSubtree, controls: []ldap.Control{withIdentities()},
		attributes: w.replicatedAttributes()}
	keep := w.keepsWholeLists()
	next.Cookie, err = w.dirSync(ctx, q, old.Way, old.Cookie, func(e *ldapwire.Entry) error { return w.replicated(t, e, keep) })
	if err == nil {
		err = w.noContainer(ctx, t.moved)
	}
	return t, err
}

// keepsWholeLists says that groups are chosen by their members, so a member may make another group of one.
func (w windows) keepsWholeLists() bool {
	return slices.ContainsFunc(filterAttributes(w.groupQ.filter), func(n string) bool {
		return slices.ContainsFunc(w.members, func(m string) bool { return strings.EqualFold(m, n) })
	})
}

// replicated takes note of one object. An attribute without values has lost them.
func (w windows) replicated(t *touched, e *ldapwire.Entry, wholeLists bool) error {
	id, err := w.layout.people.id.of(e)
	if err != nil {
		return err
	}
	c := t.about(id)
	created, named := false, false
	for _, a := range e.Attributes {
		switch name := strings.ToLower(a.Name); name {
		case "objectguid", "instancetype":
			continue
		case "isdeleted":
			if len(a.Values) == 0 || !strings.EqualFold(string(a.Values[0]), "TRUE") {
				return &useless{errors.New("somebody was restored from the recycle bin, with memberships of which no group tells")}
			}
			c.erased = true
		case "whencreated":
			created = true
		case "name", "parentguid":
			named = true
		default:
			if !wholeLists && w.link(c, a) {
				continue
			}
		}
		c.whole = true
	}
	if named && !created && !c.erased {
		t.moved = append(t.moved, id)
	}
	return t.tooMany()
}

// link takes note of members who came or went; false if the attribute is not told in that form.
func (w windows) link(c *change, a ldapwire.Attribute) bool {
	name, option, _ := strings.Cut(a.Name, ";")
	member := slices.ContainsFunc(w.members, func(m string) bool { return strings.EqualFold(m, name) })
	came, went := strings.EqualFold(option, "range=1-1"), strings.EqualFold(option, "range=0-0")
	if !member || !came && !went {
		return false
	}
	for _, v := range a.Values {
		c.links = append(c.links, link{name: identify(string(v)), gone: went})
	}
	return true
}

// noContainer makes sure that none of the objects with another name or place is one that people and groups hang below.
func (w windows) noContainer(ctx context.Context, moved []string) error {
	for some := range slices.Chunk(moved, lookup) {
		q := query{what: "containers", base: w.domain(), filter: only(containerClasses, some), scope: ldap.ScopeWholeSubtree, attributes: []string{"1.1"}}
		_, err := w.c.page(ctx, q, nil, w.unproven(), func(*ldapwire.Entry) error { return &useless{errContainer} })
		if err != nil {
			return err
		}
	}
	return nil
}
