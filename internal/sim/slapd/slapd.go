// Package slapd runs a real OpenLDAP server for one test: its own database, its own certificate authority, loopback
// only, on ports that the system chose, as whatever user runs the test.
//
// It promises that no server outlives its test: the test's cleanup kills it, and on Linux the kernel does if the test
// process itself is killed. Without the slapd binary a test is skipped on a laptop and fails in CI.
//
// It must not be used outside tests. For a directory without any binary, see internal/sim/ldapsim.
package slapd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/child"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

// What every server of this package has. The passwords guard nothing.
const (
	Suffix         = "dc=example,dc=com"
	PeopleDN       = "ou=people," + Suffix
	GroupsDN       = "ou=groups," + Suffix
	RootDN         = "cn=admin," + Suffix // exempt from limits and from access rules
	RootPassword   = "root-secret"
	ReaderDN       = "cn=reader," + Suffix // an ordinary account, as kisi-sync should be given
	ReaderPassword = "reader-secret"
)

// Options bend a server away from the ordinary. The zero value is a healthy, empty directory with TLS.
type Options struct {
	// Load writes LDIF that is loaded before the first start, after the entries every server has (the suffix,
	// people, groups, the reader).
	Load func(io.Writer) error
	// SizeLimit is the most entries one search of an ordinary account may return, paged or not; 0 means no limit.
	SizeLimit int
	// RequireTLS refuses a simple bind on an unprotected connection (result 13).
	RequireTLS bool
	// WithoutTLS offers neither ldaps nor StartTLS.
	WithoutTLS bool
	// Leaf says what the server's certificate is good for.
	Leaf privateca.Leaf
	// WithoutSync leaves out syncprov, so that there is no RFC 4533 content synchronization.
	WithoutSync bool
	// SessionLog is how many changes syncprov remembers; 0 means 1,000. The log is in memory: a restart loses it.
	SessionLog int
	// Access are lines "access to …" that stand before the rule by which everybody may read everything.
	Access []string
}

// A Server is one running slapd. Its methods belong to the goroutine of the test.
type Server struct {
	ldapedit.Editor // changes its entries as the root account; references to an entry that moves stay as they are
	t               testing.TB
	dir             string
	options         Options
	ca              *privateca.Authority
	ports           [2]int // ldap, ldaps
	process         *child.Process
}

// Start runs a server until the test ends. It ends the test when that is not possible.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), options: o}
	s.Editor = ldapedit.Editor{T: t, Server: "slapd", Connect: func() *ldap.Conn { t.Helper(); return s.Connect(RootDN, RootPassword) }}
	binary(t, "slapd")
	if err := s.prepare(); err != nil {
		t.Fatalf("slapd: %v", err)
	}
	ports, release, err := child.HoldPorts(len(s.ports))
	if err != nil {
		t.Fatalf("slapd: %v", err)
	}
	t.Cleanup(release)
	s.ports = [2]int(ports)
	t.Cleanup(s.Stop)
	if err := s.start(); err != nil {
		t.Fatalf("slapd: %v", err)
	}
	return s
}

// binary finds a program of the slapd package, which Debian keeps outside an ordinary user's PATH.
func binary(t testing.TB, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/libexec/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	const hint = "this test needs OpenLDAP's %s: on Debian or Ubuntu run `apt-get install slapd`"
	if os.Getenv("CI") == "true" {
		t.Fatalf(hint, name)
	}
	t.Skipf(hint, name)
	return ""
}

// URL is the server's ldap:// address.
func (s *Server) URL() string { return "ldap://127.0.0.1:" + strconv.Itoa(s.ports[0]) }

// SecureURL is the server's ldaps:// address.
func (s *Server) SecureURL() string { return "ldaps://127.0.0.1:" + strconv.Itoa(s.ports[1]) }

// CA is the authority that signed the server's certificate.
func (s *Server) CA() *privateca.Authority { return s.ca }

// CAFile is the authority's certificate as a file, for settings that want a path.
func (s *Server) CAFile() string { return filepath.Join(s.dir, "ca.pem") }

// PID is the process id of the running server, 0 when it is stopped.
func (s *Server) PID() int {
	if s.process == nil {
		return 0
	}
	return s.process.PID()
}

// Stop ends the server at once and keeps its database. Stopping twice is fine.
func (s *Server) Stop() {
	if s.process != nil {
		s.process.Kill()
		s.process = nil
	}
}

// Restart lets the server shut down in order and starts it with the same database, certificate and ports.
func (s *Server) Restart() {
	s.t.Helper()
	if s.process != nil {
		s.process.ShutDown()
	}
	s.again()
}

// Crash kills the server as a power cut would and starts it again: its record of the last change (contextCSN) is lost and made
// up anew from the entries that are left.
func (s *Server) Crash() {
	s.t.Helper()
	s.again()
}

func (s *Server) again() {
	s.t.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		s.t.Fatalf("slapd: restart: %v", err)
	}
}

func (s *Server) prepare() error {
	var err error
	if s.ca, err = privateca.New("test authority"); err != nil {
		return err
	}
	pair, err := s.ca.Issue(s.options.Leaf)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(s.dir, "db"), 0o700); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"ca.pem": s.ca.PEM(), "cert.pem": pair.CertPEM, "key.pem": pair.KeyPEM, "slapd.conf": s.conf(),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return s.load()
}

// load streams the first entries through slapadd, which writes the database without a server. They carry the server's own
// id: a change by another one makes every position of content synchronization void (RFC 4533).
func (s *Server) load() error {
	read, write := io.Pipe()
	go func() { write.CloseWithError(s.writeLDIF(write)) }()
	defer read.Close()
	var said bytes.Buffer
	add := exec.Command(binary(s.t, "slapadd"), "-q", "-w", "-S", "1", "-f", filepath.Join(s.dir, "slapd.conf"))
	add.Stdin, add.Stderr = read, &said
	if err := add.Run(); err != nil {
		return fmt.Errorf("slapadd: %w: %s", err, said.Bytes())
	}
	return nil
}

func (s *Server) writeLDIF(w io.Writer) error {
	if _, err := io.WriteString(w, baseLDIF); err != nil {
		return err
	}
	if s.options.Load == nil {
		return nil
	}
	return s.options.Load(w)
}

func (s *Server) start() error {
	urls := s.URL()
	if !s.options.WithoutTLS {
		urls += " " + s.SecureURL()
	}
	// -d keeps it in the foreground as our child; "none" still reports why it would not start.
	p, err := child.Launch(binary(s.t, "slapd"), "-d", "none", "-f", filepath.Join(s.dir, "slapd.conf"), "-h", urls)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := p.Await(ctx, s.answers); err != nil { // it listens before it has opened its database
		p.Kill()
		return err
	}
	s.process = p
	return nil
}

func (s *Server) answers() error {
	c, err := ldap.DialURL(s.URL(), ldap.DialWithDialer(&net.Dialer{Timeout: time.Second}))
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetTimeout(2 * time.Second)
	_, err = c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"namingContexts"}, nil))
	return err
}
