// Package sambadc runs a real Active Directory domain controller, Samba's, for one test: provisioned into a temporary folder, on a
// loopback address of its own (Active Directory's ports are fixed), with its own certificate authority.
//
// It promises that no server outlives its test. It needs root, and the Debian packages that .ci/test installs; without them a test is
// skipped on a laptop and fails in CI. It must not be used outside tests.
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
}

// Start provisions a domain and runs its controller until the test ends. It ends the test when that is not possible.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	for _, name := range []string{"samba", "samba-tool", "ldbadd"} {
		program(t, name)
	}
	if os.Getuid() != 0 {
		unable(t, "this test needs root: Active Directory's ports are fixed")
	}
	s := &Server{t: t, dir: t.TempDir(), options: o}
	s.Editor = ldapedit.Editor{T: t, Server: "samba", Connect: s.Connect}
	t.Cleanup(s.Stop)
	for _, step := range []func() error{s.chooseAddress, s.provision, s.configure, s.load, s.start, s.makeReader} {
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

func (s *Server) provision() error {
	return s.run("samba-tool", "domain", "provision", "--targetdir="+s.dir+"/dc", "--realm="+s.Local(Realm), "--domain="+s.Local("ADLAB"), "--server-role=dc",
		"--dns-backend=NONE", "--adminpass="+AdminPassword, "--host-ip="+s.address, "--host-name=dc1", "--use-rfc2307",
		"--option=interfaces="+s.address+"/8", "--option=bind interfaces only=yes")
}

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
`, s.dir, s.address, s.Local(Realm), s.Local("ADLAB"))
	if s.options.Kerberos {
		conf += "ldap server require strong auth = no\n"
	}
	for name, content := range map[string][]byte{
		"ca.pem": s.ca.PEM(), "cert.pem": pair.CertPEM, "key.pem": pair.KeyPEM, "dc/etc/smb.conf": []byte(conf),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// load writes the first entries into the database, without a server.
func (s *Server) load() error {
	var ldif bytes.Buffer
	fmt.Fprintf(&ldif, "dn: %s\nobjectClass: organizationalUnit\n\n", s.Local(StaffDN))
	if s.options.Load != nil {
		if err := s.options.Load(&ldif); err != nil {
			return err
		}
	}
	path := filepath.Join(s.dir, "load.ldif")
	if err := os.WriteFile(path, ldif.Bytes(), 0o600); err != nil {
		return err
	}
	return s.run("ldbadd", "-H", s.dir+"/dc/private/sam.ldb", "--option=log level=0", path)
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

// makeReader makes the account that reads: an ordinary one.
func (s *Server) makeReader() error {
	s.AddUser("CN=reader,CN=Users,"+s.Local(Suffix), Attributes{"sAMAccountName": {"reader"}, "userPrincipalName": {s.Local(ReaderUser)}}, ReaderPassword)
	// So that there are tickets for its LDAP service; provisioning registers the host alone.
	s.Do("register ldap/"+s.Local(Host), func(c *ldap.Conn) error {
		m := ldap.NewModifyRequest("CN=DC1,OU=Domain Controllers,"+s.Local(Suffix), nil)
		m.Add("servicePrincipalName", []string{"ldap/" + s.Local(Host)})
		return c.Modify(m)
	})
	return nil
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
