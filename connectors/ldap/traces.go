package ldap

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// A trace is an object that had one of the highest numbers when it was looked at.
type trace struct {
	ID  string `json:"id"`
	USN int64  `json:"usn"`
}

// mostTraces is how many are kept. Each of them would have to be changed once more after a disk was put back for that to go unseen.
const mostTraces = 8

// traces looks for the objects that changed last. It looks back further where the last numbers were given to what is not in the domain.
func (w windows) traces(ctx context.Context, now int64) (all []trace, err error) {
	for back := int64(256); back <= 1<<16 && len(all) < mostTraces; back *= 16 {
		all = all[:0]
		q := query{what: "the last changes", base: w.domain(), filter: fmt.Sprintf("(uSNChanged>=%d)", max(1, now-back)), scope: ldap.ScopeWholeSubtree, attributes: []string{"objectGUID", "uSNChanged"}}
		err = w.c.pages(ctx, q, w.source.settings.PageSize, w.unproven(), func(e *ldapwire.Entry) error {
			id, err := guidBytes("objectGUID").of(e)
			if usn, bad := strconv.ParseInt(first(e, "uSNChanged"), 10, 64); err == nil && bad == nil {
				all = append(all, trace{id, usn})
			}
			return nil
		})
		if err != nil {
			return nil, withoutAnswers(err)
		}
	}
	slices.SortFunc(all, func(a, b trace) int { return int(b.USN - a.USN) })
	return slices.Clone(all[:min(len(all), mostTraces)]), nil
}

// overwritten looks whether objects that had the highest numbers have lower ones now. One that is not there at all, although this account sees what is
// deleted, was made in vain, or is hidden now: that is no reason to believe nobody, as it brings nobody back, but positions are worth nothing then.
func (w windows) overwritten(ctx context.Context, past told) (string, error) {
	if len(past.Traces) == 0 {
		return "", nil
	}
	left, ids := map[string]int64{}, []string{}
	for _, t := range past.Traces {
		left[t.ID] = t.USN
		ids = append(ids, t.ID)
	}
	lower := false
	q := query{what: "the last changes", base: w.domain(), filter: only("(objectClass=*)", ids), scope: ldap.ScopeWholeSubtree, attributes: []string{"objectGUID", "uSNChanged"},
		controls: []ldap.Control{w.c.withDeleted()}}
	_, err := w.c.page(ctx, q, nil, w.unproven(), func(e *ldapwire.Entry) error {
		id, err := guidBytes("objectGUID").of(e)
		usn, bad := strconv.ParseInt(first(e, "uSNChanged"), 10, 64)
		lower = lower || err == nil && bad == nil && usn < left[id]
		delete(left, id)
		return err
	})
	if _, refused := answered(err); refused {
		return "", nil
	}
	if err == nil && len(left) > 0 && !lower {
		w.c.rewritten, err = w.seesDeletions(ctx)
	}
	if err != nil || !lower {
		return "", err
	}
	return w.c.server + " was put back to an older state and has given the same numbers to other changes since", nil
}
