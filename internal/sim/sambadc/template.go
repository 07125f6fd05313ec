package sambadc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Provisioning a domain costs more processor time than most tests that use one, and always comes to the same. So the first test on a machine
// keeps what it provisioned beside the build cache, and the others copy it. A copy gets an invocationId of its own: to whoever reads it is
// another controller of the same domain, whose positions are worth nothing here.

// provisioned makes the folder "dc": a domain with StaffDN, its administrator and the account that reads.
func (s *Server) provisioned() error {
	kept, err := s.template()
	if err != nil {
		return err
	}
	if _, err := os.Stat(kept); err == nil {
		return s.copyTree(kept, filepath.Join(s.dir, "dc"))
	}
	if err := s.run("samba-tool", append(s.provisioning(), "--targetdir="+s.dir+"/dc")...); err != nil {
		return err
	}
	if err := s.edit(s.firstEntries()); err != nil {
		return err
	}
	return s.keep(kept)
}

// keep puts a copy of the folder "dc" where the next test looks. It comes into being whole, by one rename; a test that was faster is fine.
func (s *Server) keep(as string) error {
	if err := os.MkdirAll(filepath.Dir(as), 0o700); err != nil {
		return err
	}
	under, err := os.MkdirTemp(filepath.Dir(as), "samba-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(under)
	if err := s.copyTree(filepath.Join(s.dir, "dc"), filepath.Join(under, "dc")); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(under, "dc"), as); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// template names the folder for exactly this domain, made by exactly this Samba.
func (s *Server) template() (string, error) {
	version, err := exec.Command(program(s.t, "samba"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("samba --version: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	recipe := sha256.Sum256(fmt.Appendf(nil, "%s\n%q\n%s", version, s.provisioning(), s.firstEntries()))
	return filepath.Join(cache, "kisi-sync-tests", fmt.Sprintf("samba-%s-%x", strings.ToLower(s.Local("ADLAB")), recipe[:8])), nil
}

// provisioning says what the domain is. Its address is no part of that: smb.conf is written anew for each controller.
func (s *Server) provisioning() []string {
	return []string{"domain", "provision", "--realm=" + s.Local(Realm), "--domain=" + s.Local("ADLAB"), "--server-role=dc", "--dns-backend=NONE",
		"--adminpass=" + AdminPassword, "--host-ip=127.0.0.1", "--host-name=dc1", "--use-rfc2307", "--option=ldb:nosync=true"}
}

// firstEntries are what every domain has beside what Samba makes. Passwords never expire, as a template may grow old; the LDAP service is
// registered, so that there are tickets for it (provisioning registers the host alone).
func (s *Server) firstEntries() string {
	return s.Local(fmt.Sprintf(`dn: %[1]s
changetype: modify
replace: maxPwdAge
maxPwdAge: -9223372036854775808

dn: %[2]s
objectClass: organizationalUnit

dn: CN=reader,CN=Users,%[1]s
objectClass: user
sAMAccountName: reader
userPrincipalName: %[3]s
userAccountControl: 512
unicodePwd:: %[4]s

dn: CN=DC1,OU=Domain Controllers,%[1]s
changetype: modify
add: servicePrincipalName
servicePrincipalName: ldap/%[5]s

`, Suffix, StaffDN, ReaderUser, base64.StdEncoding.EncodeToString([]byte(quoted(ReaderPassword))), Host))
}

// identity makes a copy another controller than the one that it was copied of ([MS-ADTS] section 6.1.1.2.2.1.2.1.1, invocationId).
func (s *Server) identity() string {
	var id [16]byte
	binary.LittleEndian.PutUint64(id[:], rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rand.Uint64())
	return s.Local(fmt.Sprintf(`dn: CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,%s
changetype: modify
replace: invocationId
invocationId:: %s

`, Suffix, base64.StdEncoding.EncodeToString(id[:])))
}

// edit changes the database by LDIF, without a server.
func (s *Server) edit(ldif string, options ...string) error {
	path := filepath.Join(s.dir, "edit.ldif")
	if err := os.WriteFile(path, []byte(ldif), 0o600); err != nil {
		return err
	}
	return s.run("ldbmodify", append(options, "-H", s.dir+"/dc/private/sam.ldb", "--option=log level=0", "--option=ldb:nosync=true", path)...)
}

// copyTree copies a folder, extended attributes and all.
func (s *Server) copyTree(from, to string) error {
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, out)
	}
	return nil
}
