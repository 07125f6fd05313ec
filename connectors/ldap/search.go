package ldap

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// query is one search: a kind of entry and what we want of it.
type query struct {
	what         string // "people", for messages
	base, filter string
	scope        int
	attributes   []string
}

func (q query) request(controls ...ldap.Control) *ldap.SearchRequest {
	return ldap.NewSearchRequest(q.base, q.scope, ldap.NeverDerefAliases, 0, 0, false, q.filter, q.attributes, controls)
}

// pages reads a whole answer in pages (RFC 2696), each entry as it comes. Anything less than whole is an error.
func (c *session) pages(ctx context.Context, q query, size int, proof *directory.Proof, each func(*ldap.Entry) error) error {
	if !c.offers(ldap.ControlTypePaging) {
		_, err := c.page(ctx, q, nil, proof, each)
		return err
	}
	control := ldap.NewControlPaging(uint32(size))
	for {
		before, entries := control.Cookie, proof.Entries
		answer, err := c.page(ctx, q, control, proof, each)
		if err != nil || len(answer.Cookie) == 0 {
			return err
		}
		if proof.Entries == entries && bytes.Equal(before, answer.Cookie) {
			return fmt.Errorf("search %s: the server sends one empty page again and again", q.what)
		}
		control.SetCookie(answer.Cookie)
	}
}

// page reads one page, or everything when control is nil, and returns the server's paging control.
func (c *session) page(ctx context.Context, q query, control *ldap.ControlPaging, proof *directory.Proof, each func(*ldap.Entry) error) (*ldap.ControlPaging, error) {
	var controls []ldap.Control
	if control != nil {
		controls = append(controls, control)
	}
	within, stop := context.WithCancel(ctx)
	defer stop()
	answer := c.SearchAsync(within, q.request(controls...), 64)
	var last *ldap.ControlPaging
	for answer.Next() {
		switch {
		case answer.Entry() != nil:
			proof.Entries++
			if err := each(answer.Entry()); err != nil {
				return nil, err
			}
		case answer.Referral() != "":
			proof.Referrals++
		default:
			if p, ok := ldap.FindControl(answer.Controls(), ldap.ControlTypePaging).(*ldap.ControlPaging); ok {
				last = p
			}
		}
	}
	if err := c.ended(ctx, answer.Err(), last != nil || control == nil); err != nil {
		return nil, fmt.Errorf("search %s below %s: %w", q.what, q.base, err)
	}
	proof.Pages++
	return last, nil
}

// ended decides whether an answer came to its end. go-ldap's asynchronous search says nothing when its connection was lost
// before the request went out, so a search that should close with a control and did not is not believed; nor is one without
// such a control on a connection that is lost by now.
func (c *session) ended(ctx context.Context, err error, closed bool) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return c.explain(ctx, err)
	case !closed || c.IsClosing() || c.GetLastError() != nil:
		return c.explain(ctx, errUnfinished)
	}
	return nil
}
