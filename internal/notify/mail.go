package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"os"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// Mail sends by SMTP (RFC 5321), over TLS unless the server is on this machine (RFC 8314, RFC 3207).
type Mail struct {
	Server   string // host and port
	Security string // starttls, tls; none, which is for loopback only
	User     string // "": nobody logs in
	Password func() (secret.String, error)
	From     string
	To       []string
	CA       string // a file of authorities to trust instead of the system's; "": the system's
	Dialer   net.Dialer
}

// Name is mail.
func (*Mail) Name() string { return "mail" }

// mostMail is how long the delivery of one mail may take.
const mostMail = time.Minute

// Send hands the message to the server. Where the server offers no encryption, nothing is sent.
func (m *Mail) Send(ctx context.Context, msg Message) error {
	ctx, cancel := context.WithTimeout(ctx, mostMail)
	defer cancel()
	conn, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	host, _, _ := net.SplitHostPort(m.Server)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer func() { _ = c.Close() }()
	if err := m.deliver(c, host, msg); err != nil {
		return err
	}
	return c.Quit()
}

func (m *Mail) connect(ctx context.Context) (net.Conn, error) {
	if m.Security != "tls" {
		return m.Dialer.DialContext(ctx, "tcp", m.Server)
	}
	config, err := m.tls()
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{NetDialer: &m.Dialer, Config: config}).DialContext(ctx, "tcp", m.Server)
}

func (m *Mail) tls() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(m.Server)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	config.RootCAs, err = authorities(m.CA)
	return config, err
}

// authorities reads a file of authorities to trust; nil, which are the system's, for "".
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

func (m *Mail) deliver(c *smtp.Client, host string, msg Message) error {
	if m.Security == "starttls" {
		config, err := m.tls()
		if err != nil {
			return err
		}
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the server offers no STARTTLS, and nothing is sent in clear")
		}
		if err := c.StartTLS(config); err != nil {
			return err
		}
	}
	if m.User != "" {
		password, err := m.Password()
		if err != nil {
			return err
		}
		if err := c.Auth(smtp.PlainAuth("", m.User, password.Reveal(), host)); err != nil {
			return fmt.Errorf("log in as %s: %w", m.User, err)
		}
	}
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return err
	}
	if err := c.Mail(from.Address); err != nil {
		return err
	}
	for _, to := range m.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	return m.write(c, from, msg)
}

func (m *Mail) write(c *smtp.Client, from *mail.Address, msg Message) error {
	w, err := c.Data()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	header := func(key, value string) { fmt.Fprintf(&b, "%s: %s\r\n", key, value) }
	header("From", from.String())
	header("To", strings.Join(m.To, ", "))
	header("Subject", mime.QEncoding.Encode("utf-8", "[kisi-sync "+msg.Installation+"] "+oneLine(msg.Subject)))
	header("Date", msg.At.Format(time.RFC1123Z))
	header("Message-ID", fmt.Sprintf("<%d.%s@kisi-sync>", msg.At.UnixNano(), msg.Installation))
	header("Auto-Submitted", "auto-generated") // RFC 3834: no answers from vacation programs
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	text := quotedprintable.NewWriter(&b)
	if _, err := text.Write([]byte(strings.ReplaceAll(msg.Text, "\n", "\r\n"))); err != nil {
		return err
	}
	if err := text.Close(); err != nil {
		return err
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	return w.Close()
}

// oneLine keeps a subject from becoming more than one header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
