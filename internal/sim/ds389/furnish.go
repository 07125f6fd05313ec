package ds389

import (
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What the Debian package brings: the configuration of a new server, with words in percent signs to be filled in.
const (
	template   = "/usr/share/dirsrv/data/template-dse.ldif"
	collations = "/etc/dirsrv/config/slapd-collations.conf"
)

// furnish writes the configuration of a server in the test's folder. The package's own tool for that would write into the system's folders,
// and asks systemd.
func (s *Server) furnish(account string) error {
	text, err := os.ReadFile(template)
	if err != nil {
		return err
	}
	fill := []string{"%ds_port%", strconv.Itoa(s.port), "%ds_user%", account, "%fqdn%", "localhost", "%rootdn%", RootDN, "%ds_suffix%", Suffix,
		"%db_lib%", "bdb", "%ldapi_enabled%", "off", "%ldapi_autobind%", "off", "%ldapi%", s.path("ldapi"), "%ds_passwd%", hashed(RootPassword)}
	for _, folder := range []string{"config", "config/schema", "db", "log", "run", "lock", "ldif", "bak", "tmp", "inst", "db_home"} {
		if err := os.MkdirAll(s.path(folder), 0o700); err != nil {
			return err
		}
		fill = append(fill, "%"+filepath.Base(folder)+"_dir%", s.path(folder))
	}
	fill = append(fill, "%cert_dir%", s.path("config"))
	dse := withPlugins(strings.NewReplacer(fill...).Replace(string(text)), "Content Synchronization", "Retro Changelog Plugin", "MemberOf Plugin")
	order, err := os.ReadFile(collations)
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"config/dse.ldif": dse, "config/slapd-collations.conf": string(order),
		"config/schema/99user.ldif": "dn: cn=schema\nobjectclass: top\nobjectclass: ldapSubentry\nobjectclass: subschema\ncn: schema\n", // without one it does not start, and does not say why
	} {
		if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// hashed is a password as the server keeps it: it refuses a plain one in its configuration.
func hashed(password string) string {
	const salt = "not a secret"
	sum := sha512.Sum512([]byte(password + salt))
	return "{SSHA512}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}

// withPlugins switches plugins on.
func withPlugins(dse string, names ...string) string {
	entries := strings.Split(dse, "\n\n")
	for i, e := range entries {
		for _, name := range names {
			if strings.HasPrefix(strings.TrimSpace(e), fmt.Sprintf("dn: cn=%s,cn=plugins,cn=config\n", name)) {
				entries[i] = strings.Replace(e, "nsslapd-pluginenabled: off", "nsslapd-pluginenabled: on", 1)
			}
		}
	}
	return strings.Join(entries, "\n\n")
}
