package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/ldapwire"
	"github.com/kisi-sync/kisi-sync/internal/secret"
)

const startTLSName = "1.3.6.1.4.1.1466.20037" // RFC 4511 section 4.14.1

// session is one connection, logged in. It belongs to one goroutine.
type session struct {
	*ldap.Conn
	wire        *ldapwire.Line
	server      string            // its URL
	unhook      func() bool       // of the context that cuts the connection
	certificate *x509.Certificate // of the server; nil without TLS
	dse         *ldap.Entry       // the root DSE (RFC 4512 section 5.1)
	library     bool              // go-ldap decodes searches, too
	forest      []string          // bases of all domains of the source, where it has several
	referred    []string          // where referrals lead, the first of them
	ids         map[string]string // of bases, as far as they were looked up
	rewritten   bool              // objects are not there that were, so what changed cannot be told by numbers
	behind      string            // why it is believed about leavers alone; "" when it is not behind what was read before
}

// Close ends the session. go-ldap would wait for an answer that is still under way, so the line is cut first.
func (s *session) Close() {
	s.unhook()
	_ = s.wire.Close() // whatever it says, the line is ours no more
	_ = s.Conn.Close()
}

// connect tries the servers in order. A server that answers but refuses the login ends the attempt: the next one would
// refuse it too, and three wrong passwords may lock the account.
func (s *source) connect(ctx context.Context) (*session, error) { return s.connectTo(ctx, "") }

// connectTo is connect, by way of one server if DNS names it among the best: positions are good for one server. Without a wish it is the one
// that was asked last.
func (s *source) connectTo(ctx context.Context, prefer string) (*session, error) {
	return s.connectFirst(ctx, prefer, func(*session) (bool, error) { return true, nil })
}

// connectFirst is connectTo for the first server that suits; the first of all when none does.
func (s *source) connectFirst(ctx context.Context, prefer string, suits func(*session) (bool, error)) (*session, error) {
	if last := s.last.Load(); prefer == "" && last != nil {
		prefer = *last
	}
	servers, err := s.candidates(ctx, prefer)
	if err != nil {
		return nil, err
	}
	var all []error
	var spare *session
	defer func() { spare.discard() }()
	for _, server := range servers {
		c, err := s.dial(ctx, server)
		suitable := false
		if err == nil {
			suitable, err = suits(c)
		}
		switch {
		case err == nil && suitable:
			s.env.Log.Debug("connected", "server", server)
			s.last.Store(&server)
			return c, nil
		case err == nil && spare == nil:
			spare = c
			continue
		}
		c.discard()
		if err == nil {
			continue
		}
		err = fmt.Errorf("%s: %w", server, err)
		if ctx.Err() != nil || ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) || refusedLogin(err) {
			return nil, err
		}
		all = append(all, err)
	}
	if c := spare; c != nil {
		spare = nil
		return c, nil
	}
	return nil, errors.Join(all...)
}

// discard closes a session, if there is one.
func (s *session) discard() {
	if s != nil {
		s.Close()
	}
}

func isSecret(err error) bool {
	var e *secret.Error
	return errors.As(err, &e)
}

// dial connects, protects the line, logs in and reads the root DSE. When ctx ends, the line is cut.
func (s *source) dial(ctx context.Context, server string) (*session, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	raw, err := s.dialTCP(ctx, u)
	if err != nil {
		return nil, err
	}
	line, err := s.protect(ctx, raw, u)
	if err != nil {
		raw.Close()
		return nil, err
	}
	wire := ldapwire.New(line, s.patience())
	c := &session{Conn: ldap.NewConn(wire, u.Scheme == "ldaps"), wire: wire, server: server, library: !s.settings.Streaming, ids: map[string]string{}, forest: s.layout.forest}
	c.unhook = context.AfterFunc(ctx, func() { raw.Close() })
	if protected, ok := line.(*tls.Conn); ok {
		c.certificate = protected.ConnectionState().PeerCertificates[0]
	}
	c.Start()
	if err = s.login(ctx, c); err == nil {
		err = c.readDSE()
	}
	if err != nil {
		err = c.explain(ctx, err) // before we cut the line ourselves
		c.Close()
		return nil, err
	}
	return c, nil
}

func (s *source) patience() ldapwire.Patience {
	return ldapwire.Patience{Silence: s.settings.Timeout, Now: time.Now}
}

func (s *source) dialTCP(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ldap": ldap.DefaultLdapPort, "ldaps": ldap.DefaultLdapsPort}[u.Scheme]
	}
	dialer := net.Dialer{Timeout: s.settings.Timeout, Resolver: s.resolver}
	if s.env.Reach > 0 {
		dialer.Timeout = min(dialer.Timeout, s.env.Reach)
	}
	c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, &hinted{fmt.Errorf("connect: %w", err), "see that the host and the port are right and that no firewall stands between"}
	}
	return c, nil
}

// protect puts TLS on the line, at once or by StartTLS. Without it nothing goes on, unless the file gave protection up.
func (s *source) protect(ctx context.Context, raw net.Conn, u *url.URL) (net.Conn, error) {
	if u.Scheme == "ldap" && s.settings.TLS.Plaintext {
		return raw, nil
	}
	config, err := s.tlsConfig(u)
	if err != nil {
		return nil, err
	}
	line, err := s.handshake(ctx, raw, u, config)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx) // the line only knows that it was cut
	}
	return line, err
}

func (s *source) handshake(ctx context.Context, raw net.Conn, u *url.URL, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.settings.Timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if u.Scheme == "ldap" {
		if err := startTLS(raw, s.patience()); err != nil {
			return nil, err
		}
	}
	line := tls.Client(raw, config)
	if err := line.HandshakeContext(ctx); err != nil {
		return nil, explainTLS(err, config.ServerName)
	}
	return line, nil
}

func (s *source) tlsConfig(u *url.URL) (*tls.Config, error) {
	config := &tls.Config{ServerName: or(s.settings.TLS.ServerName, u.Hostname()), MinVersion: tls.VersionTLS12}
	if s.settings.TLS.CA == "" {
		return config, nil
	}
	path := s.settings.TLS.CA
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.env.Dir, path)
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, &hinted{&tlsError{"tls.ca", fmt.Errorf("read tls.ca: %w", err)}, "name a PEM file that the service's account can read"}
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &hinted{&tlsError{"tls.ca", fmt.Errorf("read tls.ca: %s holds no certificate", path)}, "it must be PEM: -----BEGIN CERTIFICATE-----"}
	}
	return config, nil
}

// startTLS asks for TLS on a plain line. We ask ourselves and not through go-ldap, which turns the reason of a failed
// handshake into text.
func startTLS(line net.Conn, p ldapwire.Patience) error {
	request := ber.NewSequence("")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	op.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, startTLSName, ""))
	request.AppendChild(op)
	if _, err := line.Write(request.Bytes()); err != nil { // a few bytes on a new connection: nobody is waited for
		return fmt.Errorf("ask for StartTLS: %w", err)
	}
	answer, err := startTLSAnswer(line, p)
	if err != nil {
		return &hinted{fmt.Errorf("ask for StartTLS: %w", err), "see that this is an LDAP port; for 636 write ldaps://"}
	}
	if err := ldap.GetLDAPError(answer); err != nil {
		return &hinted{fmt.Errorf("the server refuses StartTLS, so nothing was sent: %w", err), "use ldaps://, or set up TLS on the server"}
	}
	return nil
}

func startTLSAnswer(line net.Conn, p ldapwire.Patience) (*ber.Packet, error) {
	message, err := ldapwire.Message(line, p)
	if err != nil {
		return nil, err
	}
	return ber.DecodePacketErr(message)
}

// login binds. The password is read for this one call.
func (s *source) login(ctx context.Context, c *session) error {
	l := s.settings.Login
	switch {
	case l.Anonymous:
		return nil
	case l.Kerberos != nil:
		return s.loginByTicket(ctx, c)
	}
	password, err := l.Password.Resolve(secret.Place{Base: s.env.Dir})
	if err != nil {
		return fmt.Errorf("login.password: %w", err)
	}
	if err := c.Bind(l.User, password.Reveal()); err != nil {
		return &hinted{fmt.Errorf("log in as %s: %w", l.User, err), loginHint(err)}
	}
	return nil
}

func loginHint(err error) string {
	if hint := or(signHint(err), windowsHint(err)); hint != "" {
		return hint
	}
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return "see that login.user is the account's whole name and that the password is the current one"
	case ldap.IsErrorWithCode(err, ldap.LDAPResultConfidentialityRequired), ldap.IsErrorWithCode(err, ldap.LDAPResultStrongAuthRequired):
		return "the server wants a protected line: use ldaps://"
	}
	return ""
}

// signHint tells a server that wants every message signed from one that only wants a protected line. Both say strongerAuthRequired; Active Directory
// adds 00002028 (ERROR_DS_STRONG_AUTH_REQUIRED, [MS-ERREF] section 2.2), Samba that it wants to sign or seal.
func signHint(err error) string {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "80090346"): // SEC_E_BAD_BINDINGS
		return "the server wants channel binding, which says that nobody stands in the line: see that no proxy takes the TLS apart; the password may be right"
	case strings.Contains(text, "sign or seal"):
		return "the server wants each message of this login signed, which kisi-sync cannot; TLS protects the line, so log in with user and password, or allow Kerberos without signing over TLS"
	case strings.Contains(text, "00002028"):
		return "the server wants the line signed or protected: use ldaps://; the password may be right"
	}
	return ""
}

// windowsHint reads why Active Directory refuses a login. It says so in the text alone: "… comment: AcceptSecurityContext error, data 52e, v4563",
// a Windows error code in hexadecimal ([MS-ERREF] section 2.2); what is no password's fault has words of its own.
func windowsHint(err error) string {
	_, rest, found := strings.Cut(err.Error(), ", data ")
	code, _, ok := strings.Cut(rest, ",")
	if !found || !ok {
		return ""
	}
	return map[string]string{
		"525": "the domain has no such account: write name@domain, or DOMAIN\\name",
		"52e": "there is no such account, or the password is not its current one: write name@domain, or DOMAIN\\name",
		"530": "the account may not log in at this hour",
		"531": "the account may not log in from this machine",
		"532": "the password has expired: set a new one, and let it never expire for a service",
		"533": "the account is disabled",
		"701": "the account has expired",
		"773": "the password must be changed before the first login: set it without that mark",
		"775": "the account is locked after too many wrong passwords: unlock it and see who else uses it",
	}[strings.ToLower(code)]
}

func (c *session) readDSE() error {
	found, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)",
		[]string{"supportedControl", "namingContexts", "vendorName", "defaultNamingContext", "dsServiceName", "highestCommittedUSN", "schemaNamingContext"}, nil))
	if err != nil {
		return fmt.Errorf("read the root DSE: %w", err)
	}
	c.dse = &ldap.Entry{}
	if len(found.Entries) == 1 {
		c.dse = found.Entries[0]
	}
	return nil
}

// offers says whether the server announces a control.
func (c *session) offers(control string) bool {
	for _, oid := range c.dse.GetAttributeValues("supportedControl") {
		if strings.TrimSpace(oid) == control {
			return true
		}
	}
	return false
}
