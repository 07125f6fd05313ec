// Package sambadc runs a real Active Directory domain controller, Samba's, for one test: provisioned into a temporary folder, on a
// loopback address of its own (Active Directory's ports are fixed), with its own certificate authority.
//
// It promises that no server outlives its test. What it provisioned once it keeps below kisi-sync-tests in the user's cache folder, 34 MB a
// domain. It needs root, and the Debian packages that .ci/test installs; without them a test is skipped on a laptop and fails in CI. It must not
// be used outside tests.
package sambadc

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/kisi-sync/kisi-sync/internal/sim/child"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapedit"
	"github.com/kisi-sync/kisi-sync/internal/sim/privateca"
)

// What every domain of this package is. The passwords guard nothing.
const (
	Suffix         = "DC=ad,DC=lab,DC=test"
	StaffDN        = "OU=Staff," + Suffix // where tests put people and groups
	Host           = "dc1.ad.lab.test"
	Realm          = "AD.LAB.TEST"
	AdminUser      = "Administrator@ad.lab.test"
	AdminPassword  = "Passw0rd!lab"
	ReaderUser     = "reader@ad.lab.test" // an ordinary account, as kisi-sync should be given
	ReaderPassword = "Reader0!lab"
)

// Options bend a domain away from the ordinary.
type Options struct {
	// Load writes LDIF that is loaded before the first start, below StaffDN, which is there already.
	Load func(io.Writer) error
	// Domain is another word than "ad" for the domain; what the constants name is called as Local says then.
	Domain string
	// Kerberos lets people log in by GSSAPI without signing, which go-ldap cannot.
	Kerberos bool
}

// Server is one running domain controller. Its methods belong to the goroutine of the test.
type Server struct {
	ldapedit.Editor // changes its entries as the domain's administrator; references to an entry that moves follow, and who is deleted becomes a tombstone
	t               testing.TB
	dir             string
	address         string
	options         Options
	ca              *privateca.Authority
	process         *child.Process
	bound           *ldap.Conn // as the administrator, nil between two runs of the controller
}

// Start provisions a domain and runs its controller until the test ends. It ends the test when that is not possible.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	for _, name := range []string{"samba", "samba-tool", "ldbmodify"} {
		program(t, name)
	}
	if os.Getuid() != 0 {
		unable(t, "this test needs root: Active Directory's ports are fixed")
	}
	s := &Server{t: t, dir: t.TempDir(), options: o}
	s.Editor = ldapedit.Editor{T: t, Server: "samba", Connect: s.administrator, Release: func(*ldap.Conn) {}}
	t.Cleanup(s.Stop)
	for _, step := range []func() error{s.chooseAddress, s.provisioned, s.configure, s.load, s.start} {
		if err := step(); err != nil {
			t.Fatalf("samba: %v", err)
		}
	}
	return s
}

func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			unable(t, "this test needs Samba's "+name+": `bash .ci/test` installs it")
		}
	}
	return path
}

func unable(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Address is the loopback address that the controller has for itself.
func (s *Server) Address() string { return s.address }

// Local is a name of this package, or below one, as it is in this domain.
func (s *Server) Local(name string) string {
	if d := s.options.Domain; d != "" {
		up := strings.ToUpper(d)
		return strings.NewReplacer("DC=ad,", "DC="+d+",", "ad.lab.test", d+".lab.test", "AD.LAB.TEST", up+".LAB.TEST", "ADLAB", up+"LAB").Replace(name)
	}
	return name
}

// SecureURL is the controller's ldaps:// address; the name in its certificate is Host.
func (s *Server) SecureURL() string { return "ldaps://" + s.address }

// URL is the controller's ldap:// address.
func (s *Server) URL() string { return "ldap://" + s.address }

// CatalogURL is the address of its global catalog ([MS-ADTS] section 3.1.1.1.10).
func (s *Server) CatalogURL() string { return "ldaps://" + s.address + ":3269" }

// CAFile is the authority's certificate as a file.
func (s *Server) CAFile() string { return filepath.Join(s.dir, "ca.pem") }

// chooseAddress takes an address of 127/8 at random on which nobody speaks LDAP.
func (s *Server) chooseAddress() error {
	for range 20 {
		s.address = fmt.Sprintf("127.%d.%d.%d", 20+rand.IntN(200), rand.IntN(255), 2+rand.IntN(250))
		l, err := net.Listen("tcp", s.address+":389")
		if err == nil {
			return l.Close()
		}
	}
	return errors.New("no loopback address is free")
}

// dhParams is the group of 2,048 bits of RFC 7919 (ffdhe2048). Without it Samba looks for a prime at every start, for seconds if it has no luck.
const dhParams = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
`

// configure writes smb.conf anew: LDAP and Kerberos alone, all files below our folder, our certificate.
func (s *Server) configure() error {
	var err error
	if s.ca, err = privateca.New("test authority"); err != nil {
		return err
	}
	pair, err := s.ca.Issue(privateca.Leaf{Hosts: []string{s.Local(Host), s.address}})
	if err != nil {
		return err
	}
	conf := fmt.Sprintf(`[global]
bind interfaces only = Yes
interfaces = %[2]s/8
netbios name = DC1
realm = %[3]s
workgroup = %[4]s
server role = active directory domain controller
server services = ldap, kdc
log file = %[1]s/log
pid directory = %[1]s
ncalrpc dir = %[1]s/ncalrpc
cache directory = %[1]s/dc/cache
lock directory = %[1]s/dc
private dir = %[1]s/dc/private
state directory = %[1]s/dc/state
binddns dir = %[1]s/dc/bind-dns
idmap_ldb:use rfc2307 = yes
tls enabled = yes
tls keyfile = %[1]s/key.pem
tls certfile = %[1]s/cert.pem
tls cafile = %[1]s/ca.pem
tls dh params file = %[1]s/dh.pem
ldb:nosync = true
`, s.dir, s.address, s.Local(Realm), s.Local("ADLAB"))
	if s.options.Kerberos {
		conf += "ldap server require strong auth = no\n"
	}
	for name, content := range map[string][]byte{
		"ca.pem": s.ca.PEM(), "cert.pem": pair.CertPEM, "key.pem": pair.KeyPEM, "dh.pem": []byte(dhParams), "dc/etc/smb.conf": []byte(conf),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// load makes the copy a controller of its own and writes the test's entries into the database, without a server.
func (s *Server) load() error {
	ldif := bytes.NewBufferString(s.identity())
	if s.options.Load != nil {
		if err := s.options.Load(ldif); err != nil {
			return err
		}
	}
	return s.edit(ldif.String())
}

func (s *Server) run(name string, args ...string) error {
	c := exec.Command(program(s.t, name), args...)
	modules, _ := filepath.Glob("/usr/lib/*/samba/ldb")
	c.Env = append(os.Environ(), "LDB_MODULES_PATH="+strings.Join(modules, ":"))
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out[max(0, len(out)-2000):])
	}
	return nil
}

func (s *Server) start() error {
	p, err := child.Launch(program(s.t, "samba"), "--interactive", "-M", "single", "-s", s.dir+"/dc/etc/smb.conf")
	if err != nil {
		return err
	}
	s.process = p
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := s.dial(); err == nil {
			return c.Close()
		}
		select {
		case <-p.Done():
			return fmt.Errorf("it ended: %s", p.Said())
		case <-ctx.Done():
			return errors.New("it does not answer after a minute")
		case <-tick.C:
		}
	}
}

// Stop ends the controller at once and keeps its database. Stopping twice is fine.
func (s *Server) Stop() {
	if s.bound != nil {
		_ = s.bound.Close() // nothing is under way
		s.bound = nil
	}
	if s.process != nil {
		s.process.Kill()
		s.process = nil
	}
}

// Restart stops the controller and starts it again with the same database, address and certificate.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		s.t.Fatalf("samba: restart: %v", err)
	}
}

// Keytab writes the keys of an account, named without its realm, into a file that is gone with the test.
func (s *Server) Keytab(account string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, account+".keytab")
	if err := s.run("samba-tool", "domain", "exportkeytab", path, "--principal="+account, "-s", s.dir+"/dc/etc/smb.conf"); err != nil {
		s.t.Fatalf("samba: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		s.t.Fatalf("samba: %v", err)
	}
	return path
}

func (s *Server) dial() (*ldap.Conn, error) {
	c, err := ldap.DialURL(s.SecureURL(), ldap.DialWithTLSConfig(&tls.Config{RootCAs: s.ca.Pool(), ServerName: s.Local(Host)}))
	if err != nil {
		return nil, err
	}
	c.SetTimeout(time.Minute)
	if err := c.Bind(s.Local(AdminUser), AdminPassword); err != nil {
		_ = c.Close() // the bind says more
		return nil, err
	}
	return c, nil
}
