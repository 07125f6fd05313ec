package ldap

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// What is read of a controller that is behind.

// lately is how far back deletions are looked for on a controller that is behind.
const lately = 7 * 24 * time.Hour

// deleted puts who was deleted lately, as far as this account sees it.
func (w windows) deleted(ctx context.Context) error {
	q := query{what: "deleted objects", base: "CN=Deleted Objects," + w.domain(), scope: ldap.ScopeSingleLevel, attributes: []string{"objectGUID"},
		filter:   "(&(isDeleted=TRUE)(objectClass=user)(!(objectClass=computer))(whenChanged>=" + w.began.Add(-lately).UTC().Format("20060102150405.0Z") + "))",
		controls: []ldap.Control{w.c.withDeleted()}}
	err := w.c.pages(ctx, q, w.source.settings.PageSize, w.unproven(), func(e *ldapwire.Entry) error {
		id, err := w.layout.people.id.of(e)
		if err != nil {
			return err
		}
		return w.put(&directory.Record{Kind: directory.Erased, ID: id})
	})
	return withoutAnswers(err)
}

// leavers reads who is disabled, from a controller that is believed in nothing else.
func (w windows) leavers(ctx context.Context) (directory.Receipt, error) {
	var any strings.Builder
	for _, d := range w.disabled {
		if d.bit != 0 {
			fmt.Fprintf(&any, "(%s:%s:=%d)", d.attribute, bitRule, d.bit)
		}
		for _, v := range d.values {
			fmt.Fprintf(&any, "(%s=%s)", d.attribute, ldap.EscapeFilter(v))
		}
	}
	fmt.Fprintf(&any, "(&(accountExpires>=1)(accountExpires<=%d))", (w.began.Unix()+epochOfWindows)*1e7)
	q := w.peopleQ
	q.filter = "(&" + q.filter + "(|" + any.String() + "))"
	err := w.c.pages(ctx, q, w.source.settings.PageSize, w.proof, w.person)
	return directory.Receipt{Coverage: directory.Delta}, err
}

// held is the token of before with what was heard of a controller that is behind: whoever is believed next must know of those leavers. It is nil
// where the controller says nothing of itself.
func (w windows) held(ctx context.Context, since directory.Cursor) ([]byte, error) {
	t, err := w.now(ctx, position{})
	var p map[string]json.RawMessage
	if err != nil || t.USN == 0 || json.Unmarshal(since.Token, &p) != nil {
		return nil, err
	}
	all := slices.DeleteFunc(pastOf(since), func(o told) bool { return o.Database == t.Database && len(o.Traces) == 0 }) // heard of in the same way
	if slices.ContainsFunc(all, func(o told) bool { return o.Database == t.Database }) {
		return nil, nil // its disk was put back: what it told before is what counts
	}
	if p["told"], err = json.Marshal(append(all, t)); err != nil {
		return nil, err
	}
	return json.Marshal(p)
}
