package ldap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
)

// hinted is an error with what to do next.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string {
	if h.hint == "" {
		return h.err.Error()
	}
	return h.err.Error() + "; " + h.hint
}

func (h *hinted) Unwrap() error { return h.err }

// Hint is what to do next, "" when we do not know.
func (h *hinted) Hint() string { return h.hint }

// split takes an error apart for a Finding.
func split(err error) (text, hint string) {
	var h *hinted
	if errors.As(err, &h) && h.hint != "" {
		full := err.Error()
		if n := len(full) - len("; "+h.hint); n > 0 && full[n:] == "; "+h.hint {
			return full[:n], h.hint
		}
		return full, h.hint
	}
	return err.Error(), ""
}

// explain finds the real reason of a failure. go-ldap tells of a lost line in words of its own and after the fact; the line
// itself and the context know better.
func (c *session) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if code, ok := answered(err); ok {
		return explainResult(err, code)
	}
	switch reason := c.wire.Reason(); {
	case errors.Is(reason, ldapwire.ErrSilent):
		return &hinted{reason, "nothing of this read is used; raise timeout if the server needs longer"}
	case reason != nil:
		return &hinted{reason, "nothing of this read is used; it is tried again at the next run"}
	}
	return err
}

// explainResult says what a result code means for an administrator (RFC 4511 section 4.1.9).
func explainResult(err error, code uint16) error {
	hints := map[uint16]string{
		ldap.LDAPResultTimeLimitExceeded:            "the server's time limit cut the answer: raise it for this account, or make the filter cheaper",
		ldap.LDAPResultSizeLimitExceeded:            "the server's size limit cut the answer: raise it for this account (it counts even with pages)",
		ldap.LDAPResultAdminLimitExceeded:           "a limit of the server cut the answer: raise it for this account, or index the filter's attributes",
		ldap.LDAPResultBusy:                         "the server is busy; it is tried again at the next run",
		ldap.LDAPResultUnavailable:                  "the server is shutting down or not ready; it is tried again at the next run",
		ldap.LDAPResultReferral:                     "the server keeps this base elsewhere: name that server as url, or a base of its own",
		ldap.LDAPResultNoSuchObject:                 "the base is not there, or this account may not see it: compare it with the directory",
		ldap.LDAPResultInvalidDNSyntax:              "the base is no distinguished name",
		ldap.LDAPResultInsufficientAccessRights:     "this account may not read here",
		ldap.LDAPResultOperationsError:              "Active Directory answers so when nobody is logged in",
		ldap.LDAPResultInappropriateAuthentication:  "the server refuses this kind of login",
		ldap.LDAPResultUnavailableCriticalExtension: "the server does not know a control that it was asked for",
		ldap.LDAPResultUnwillingToPerform:           "the server will not do this; its log says why",
	}
	if hint := hints[code]; hint != "" {
		return &hinted{err, hint}
	}
	return err
}

// explainTLS tells apart why a certificate is refused.
func explainTLS(err error, name string) error {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	path, hint := "url", "see that the port speaks TLS: ldap:// is for StartTLS on 389, ldaps:// for 636"
	switch {
	case errors.As(err, &authority):
		path, hint = "tls.ca", "the certificate is of an authority that this machine does not know: name your own authority's certificate under tls.ca"
	case errors.As(err, &host):
		path, hint = "tls.server_name", fmt.Sprintf("the certificate is not for %s: use a name that it has as url, or write it as tls.server_name", name)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		hint = fmt.Sprintf("the certificate is not valid today (%s): renew it, and see that this machine's clock is right", validity(invalid.Cert))
	}
	return &hinted{&tlsError{path, err}, hint}
}

// tlsError is a line that could not be protected; path is the setting to look at.
type tlsError struct {
	path string
	err  error
}

func (e *tlsError) Error() string { return "TLS: " + e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

func validity(cert *x509.Certificate) string {
	return cert.NotBefore.Format(time.DateOnly) + " to " + cert.NotAfter.Format(time.DateOnly)
}
