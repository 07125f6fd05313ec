package webapi

import (
	"crypto/x509"
	"errors"
	"net"
)

// LineError is a call that did not come through, with what an admin may do about it. errors.As finds what happened below it.
type LineError struct {
	Setting string // the key of the Line to look at; "" if it is none of them
	Advice  string // what to do next
	Err     error
}

// Error says what happened, and no more.
func (e *LineError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// Hint is what to do next.
func (e *LineError) Hint() string { return e.Advice }

// advised adds what to do about an error of the line, so that all connectors say the same; others come back as they are.
func advised(err error, host string) error {
	var proxy *ProxyError
	var file *AuthorityError
	var unknown x509.UnknownAuthorityError
	var line *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &proxy):
		return &LineError{"proxy", "see whether the proxy takes this user (proxy: http://user@" + proxy.Proxy + ") and what is in proxy_password, and lets this machine through to " + host, err}
	case errors.As(err, &file):
		return &LineError{"ca", "name a PEM file with the authority's certificate, or remove ca: the system's authorities are trusted anyway", err}
	case errors.As(err, &unknown):
		return &LineError{"ca", "something on the way looks into TLS, a proxy perhaps: name the certificate of its authority (PEM) under ca", err}
	case errors.As(err, &line) && line.Op == "proxyconnect":
		return &LineError{"proxy", "see whether this machine reaches the proxy, and whether proxy (or HTTPS_PROXY of the environment) names the right one", err}
	case errors.As(err, &name) && name.IsNotFound:
		return &LineError{"", "nobody knows the name " + name.Name + ": see how it is spelt, and that this machine resolves names; if only a proxy does, write proxy: http://proxy.example.com:8080", err}
	case errors.As(err, &line) && line.Op == "dial":
		return &LineError{"", "see whether this machine reaches " + host + "; if only a proxy does, write proxy: http://proxy.example.com:8080", err}
	}
	return err
}
