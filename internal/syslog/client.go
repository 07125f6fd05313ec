package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Address is where a server listens.
type Address struct {
	Network string // udp, tcp, tls or unix
	Host    string // and port; of unix the path
}

// ports are those that the RFCs and IANA name.
func port(network string) string {
	return map[string]string{"udp": "514", "tcp": "601", "tls": "6514"}[network]
}

// ParseAddress reads udp://host:514, tcp://host:601, tls://host:6514 or unix:///dev/log; the ports may be left out.
func ParseAddress(text string) (Address, error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Address{}, errAddress
	}
	if u.Scheme == "unix" {
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") || u.Path == "/" {
			return Address{}, errAddress
		}
		return Address{u.Scheme, u.Path}, nil
	}
	p := port(u.Scheme)
	if p == "" || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return Address{}, errAddress
	}
	if u.Port() != "" {
		p = u.Port()
	}
	if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
		return Address{}, errAddress
	}
	return Address{u.Scheme, net.JoinHostPort(u.Hostname(), p)}, nil
}

var errAddress = errors.New("not the address of a syslog server: udp://host, tcp://host, tls://host, with a port where it is not the usual one, or unix:///dev/log expected")

// String returns what ParseAddress reads.
func (a Address) String() string { return a.Network + "://" + a.Host }

// Client is a connection to a server. One goroutine at a time may use it.
type Client struct {
	conn   net.Conn
	framed bool // in a stream, the length stands before each message
}

// Trust returns what Dial needs to know a server whose certificate is vouched for by the authorities in a file, in PEM. With "" it is
// nil: those of the system count.
func Trust(ca string) (*tls.Config, error) {
	if ca == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate in it", ca)
	}
	return &tls.Config{RootCAs: pool}, nil
}

// patience is how long a server may take for anything, where the context does not say less.
const patience = 10 * time.Second

// Dial connects. Of config, which is for tls only and may be nil, the server's name is filled in.
func Dial(ctx context.Context, a Address, config *tls.Config) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := dial(ctx, a, config)
	if err != nil {
		return nil, fmt.Errorf("syslog %s: %w", a, err)
	}
	return c, nil
}

func dial(ctx context.Context, a Address, config *tls.Config) (*Client, error) {
	var d net.Dialer
	switch a.Network {
	case "tls":
		conn, err := (&tls.Dialer{NetDialer: &d, Config: config}).DialContext(ctx, "tcp", a.Host)
		return &Client{conn, true}, err
	case "unix":
		conn, err := d.DialContext(ctx, "unixgram", a.Host)
		if err == nil {
			return &Client{conn, false}, nil
		}
		conn, streamErr := d.DialContext(ctx, "unix", a.Host)
		if streamErr != nil {
			return nil, err
		}
		return &Client{conn, true}, nil
	case "udp", "tcp":
		conn, err := d.DialContext(ctx, a.Network, a.Host)
		return &Client{conn, a.Network == "tcp"}, err
	}
	return nil, errAddress
}

// Send sends a message, or breaks off when ctx ends; the connection is of no more use then. Without an error it was handed to this machine's network, no more: see Close.
func (c *Client) Send(ctx context.Context, m *Message) error {
	if err := c.deadline(ctx); err != nil {
		return err
	}
	text := m.String()
	if c.framed {
		text = strconv.Itoa(len(text)) + " " + text
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(c.conn, text); err != nil {
		return fmt.Errorf("syslog %s: %w", c.conn.RemoteAddr(), err)
	}
	return nil
}

func (c *Client) deadline(ctx context.Context) error {
	until := time.Now().Add(patience)
	if sooner, ok := ctx.Deadline(); ok && sooner.Before(until) {
		until = sooner
	}
	return errors.Join(ctx.Err(), c.conn.SetDeadline(until))
}

// Broken says that the server has hung up, which a stream does not tell whoever only writes: what is sent then is lost without an error. It
// takes a millisecond. Nil: it has not, or there is no knowing.
func (c *Client) Broken() error {
	if !c.framed {
		return nil
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return err
	}
	if _, err := c.conn.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("syslog %s: the server hung up: %w", c.conn.RemoteAddr(), err)
	}
	return nil
}

// Drop ends a connection of which nothing more is expected, at once.
func (c *Client) Drop() { _ = c.conn.Close() }

// Close ends the connection. In a stream it says so to the server and waits, shortly, until it hangs up: an error says that it did so
// before it had read everything. A server that just stays silent is no error.
func (c *Client) Close() error {
	return errors.Join(c.finish(), c.conn.Close())
}

func (c *Client) finish() error {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !c.framed || !ok {
		return nil
	}
	if err := half.CloseWrite(); err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	const wait = 2 * time.Second
	if err := c.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, c.conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("syslog %s: the server hung up before it had read everything: %w", c.conn.RemoteAddr(), err)
	}
	return nil
}
