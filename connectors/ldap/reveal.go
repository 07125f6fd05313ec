package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

var _ connectors.Revealer = (*source)(nil)

// Reveal reads one entry again, with all attributes that the account may see: those of users, and the operational ones where the server
// has a name for all of them (RFC 4511 section 4.5.1.8, RFC 3673).
func (s *source) Reveal(ctx context.Context, of *directory.Record) ([]directory.Attr, error) {
	i := slices.IndexFunc(of.Handles, func(h directory.Ref) bool { return h.Kind == directory.ByDN })
	if i < 0 {
		return nil, errors.New("nothing is known of its distinguished name")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	dn := of.Handles[i].Value
	request := ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false, "(objectClass=*)", []string{"*", "+"}, nil)
	var all []directory.Attr
	_, err = c.search(ctx, request, func(a *ldapwire.Answer) error {
		if a.Entry != nil {
			all = revealed(a.Entry)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", dn, c.explain(ctx, err))
	case all == nil:
		return nil, fmt.Errorf("read %s: the server shows nothing of it any more", dn)
	}
	return all, nil
}

func revealed(e *ldapwire.Entry) []directory.Attr {
	all := []directory.Attr{{Name: "dn", Values: []string{e.DN}}}
	for _, a := range e.Attributes {
		if isPassword(a.Name) {
			continue
		}
		shown := directory.Attr{Name: a.Name}
		for _, v := range a.Values {
			shown.Values = append(shown.Values, string(v))
		}
		all = append(all, shown)
	}
	return all
}

// isPassword tells attributes that hold a password or what can stand in for one: those of RFC 4519 section 2.41, Active Directory
// ([MS-ADA3]; LAPS), Samba and MIT Kerberos. The account should not be able to read them, and sometimes is.
func isPassword(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), ";")
	for _, part := range []string{"password", "passwd", "pwd", "krbprincipalkey", "krbextradata", "sharedsecret", "otpkey"} {
		if strings.Contains(name, part) && !slices.Contains([]string{"pwdlastset", "badpwdcount", "pwdchangedtime", "passwordexpirationtime", "krbpasswordexpiration", "krblastpwdchange", "msds-userpasswordexpirytimecomputed"}, name) {
			return true
		}
	}
	return false
}
