package ldap

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// query is one search: a kind of entry and what we want of it.
type query struct {
	what         string // "people", for messages
	base, filter string
	scope        int
	attributes   []string
	controls     []ldap.Control // beside those of the page
}

func (q query) request(controls ...ldap.Control) *ldap.SearchRequest {
	return ldap.NewSearchRequest(q.base, q.scope, ldap.NeverDerefAliases, 0, 0, false, q.filter, q.attributes, slices.Concat(q.controls, controls))
}

// pages reads a whole answer in pages (RFC 2696), each entry as it comes. Anything less than whole is an error.
func (c *session) pages(ctx context.Context, q query, size int, proof *directory.Proof, each func(*ldapwire.Entry) error) error {
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
func (c *session) page(ctx context.Context, q query, control *ldap.ControlPaging, proof *directory.Proof, each func(*ldapwire.Entry) error) (*ldap.ControlPaging, error) {
	var controls []ldap.Control
	if control != nil {
		controls = append(controls, control)
	}
	var refused error // by each
	end, err := c.search(ctx, q.request(controls...), func(a *ldapwire.Answer) error {
		switch {
		case a.Referral:
			c.refer(proof, a.To)
		case a.Entry != nil:
			proof.Entries++
			refused = each(a.Entry)
		}
		return refused
	})
	if refused != nil {
		return nil, refused
	}
	last, _ := ldap.FindControl(end, ldap.ControlTypePaging).(*ldap.ControlPaging)
	if err == nil && control != nil && last == nil {
		err = ldapwire.ErrUnfinished
	}
	if err != nil {
		return nil, fmt.Errorf("search %s below %s: %w", q.what, q.base, c.explain(ctx, err))
	}
	proof.Pages++
	return last, nil
}

// search reads one answer, with our own decoder unless it is switched off.
func (c *session) search(ctx context.Context, request *ldap.SearchRequest, each func(*ldapwire.Answer) error) ([]ldap.Control, error) {
	if c.library {
		return ldapwire.Library(ctx, c.Conn, request, each)
	}
	return c.wire.Search(ctx, request, each)
}
