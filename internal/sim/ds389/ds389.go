// Package ds389 runs a real 389 Directory Server for one test: its own database in a temporary folder, loopback only, on a port that the
// system chose.
//
// It promises that no server outlives its test. Without the Debian package that .ci/test installs a test is skipped on a laptop and fails
// in CI. It must not be used outside tests.
package ds389

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/child"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
)

// What every server of this package has. The passwords guard nothing.
const (
	Suffix         = "dc=example,dc=com"
	PeopleDN       = "ou=people," + Suffix
	GroupsDN       = "ou=groups," + Suffix
	RootDN         = "cn=Directory Manager" // exempt from limits and from access rules
	RootPassword   = "root-secret"
	ReaderDN       = "cn=reader," + Suffix // an ordinary account, as kisi-sync should be given
	ReaderPassword = "reader-secret"
)

// Attributes of an entry by name.
type Attributes = ldapedit.Attributes

// Server is one running server. Its methods belong to the goroutine of the test.
type Server struct {
	ldapedit.Editor // changes its entries as the root account; references to an entry that moves stay as they are
	t               testing.TB
	dir             string
	port            int
	process         *child.Process
}

// Start runs a server until the test ends. It ends the test when that is not possible.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir()}
	s.Editor = ldapedit.Editor{T: t, Server: "389", Connect: func() *ldap.Conn { t.Helper(); return s.Connect(RootDN, RootPassword) }}
	s.binary()
	t.Cleanup(s.Stop)
	if err := s.startOnHeldPort(); err != nil {
		t.Fatalf("389: %v", err)
	}
	s.found()
	return s
}

// binary finds the server, which Debian keeps outside an ordinary user's PATH.
func (s *Server) binary() string {
	s.t.Helper()
	for _, candidate := range []string{"ns-slapd", "/usr/sbin/ns-slapd"} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	const hint = "this test needs 389 Directory Server: on Debian or Ubuntu run `apt-get install 389-ds-base`"
	if os.Getenv("CI") == "true" {
		s.t.Fatal(hint)
	}
	s.t.Skip(hint)
	return ""
}

// URL is the server's ldap:// address. It has no TLS.
func (s *Server) URL() string { return "ldap://127.0.0.1:" + strconv.Itoa(s.port) }

// Stop ends the server at once and keeps its database. Stopping twice is fine.
func (s *Server) Stop() {
	if s.process != nil {
		s.process.Kill()
		s.process = nil
	}
}

// Restart lets the server shut down in order and starts it with the same database and port.
func (s *Server) Restart() {
	s.t.Helper()
	if s.process != nil {
		s.process.ShutDown()
		s.process = nil
	}
	if err := s.start(); err != nil {
		s.t.Fatalf("389: restart: %v", err)
	}
}

// Connect is a connection bound as the given account. The caller closes it.
func (s *Server) Connect(dn, password string) *ldap.Conn {
	s.t.Helper()
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		s.t.Fatalf("389: connect: %v", err)
	}
	c.SetTimeout(30 * time.Second)
	if err := c.Bind(dn, password); err != nil {
		s.t.Fatalf("389: bind as %s: %v", dn, err)
	}
	return c
}

// startOnHeldPort gives the server a port, as it cannot choose by itself.
func (s *Server) startOnHeldPort() error {
	who, err := user.Current()
	if err != nil {
		return err
	}
	ports, release, err := child.HoldPorts(1)
	if err != nil {
		return err
	}
	s.t.Cleanup(release)
	s.port = ports[0]
	if err := s.furnish(who.Username); err != nil {
		return err
	}
	return s.start()
}

func (s *Server) start() error {
	p, err := child.Launch(s.binary(), "-D", s.path("config"), "-i", s.path("pid"), "-d", "0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Await(ctx, s.answers); err != nil {
		p.Kill()
		return fmt.Errorf("%w: %s", err, p.Said())
	}
	s.process = p
	return nil
}

// answers says whether somebody can log in.
func (s *Server) answers() error {
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Bind(RootDN, RootPassword)
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// found makes the database and its first entries.
func (s *Server) found() {
	s.t.Helper()
	const config = "cn=config"
	s.Add("cn=userRoot,cn=ldbm database,cn=plugins,"+config, Attributes{"objectClass": {"extensibleObject", "nsBackendInstance"}, "cn": {"userRoot"}, "nsslapd-suffix": {Suffix}})
	s.Add(`cn="`+Suffix+`",cn=mapping tree,`+config, Attributes{"objectClass": {"extensibleObject", "nsMappingTree"}, "cn": {Suffix}, "nsslapd-state": {"backend"}, "nsslapd-backend": {"userRoot"}})
	s.Add(Suffix, Attributes{"objectClass": {"domain"}, "dc": {"example"},
		"aci": {`(targetattr != "userPassword")(version 3.0; acl "accounts may read"; allow (read, search, compare) userdn = "ldap:///all";)`}})
	for _, name := range []string{"people", "groups"} {
		s.Add("ou="+name+","+Suffix, Attributes{"objectClass": {"organizationalUnit"}, "ou": {name}})
	}
	s.Add(ReaderDN, Attributes{"objectClass": {"applicationProcess", "simpleSecurityObject"}, "cn": {"reader"}, "userPassword": {ReaderPassword}})
}
