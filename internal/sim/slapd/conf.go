package slapd

import (
	"bytes"
	"fmt"
	"path/filepath"
)

const schemaFolder, moduleFolder = "/etc/ldap/schema", "/usr/lib/ldap"

// baseLDIF are the entries that every server has.
const baseLDIF = `dn: ` + Suffix + `
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ` + PeopleDN + `
objectClass: organizationalUnit
ou: people

dn: ` + GroupsDN + `
objectClass: organizationalUnit
ou: groups

dn: ` + ReaderDN + `
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ` + ReaderPassword + `

`

// conf is the server's whole configuration: slapd.conf(5), because one file is easier to read than a cn=config tree.
func (s *Server) conf() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for _, schema := range []string{"core", "cosine", "inetorgperson", "nis"} {
		line("include %s/%s.schema", schemaFolder, schema)
	}
	line("modulepath %s", moduleFolder)
	for _, module := range []string{"back_mdb", "memberof", "syncprov", "ppolicy"} {
		line("moduleload %s", module)
	}
	line("pidfile %s", filepath.Join(s.dir, "slapd.pid"))
	line("sizelimit %s", orUnlimited(s.options.SizeLimit))
	line("timelimit unlimited")
	line("serverID 1")
	if !s.options.WithoutTLS {
		line("TLSCACertificateFile %s", filepath.Join(s.dir, "ca.pem"))
		line("TLSCertificateFile %s", filepath.Join(s.dir, "cert.pem"))
		line("TLSCertificateKeyFile %s", filepath.Join(s.dir, "key.pem"))
	}
	if s.options.RequireTLS {
		line("security simple_bind=128")
	}
	for _, rule := range s.options.Access {
		line("access to %s", rule)
	}
	line("access to attrs=userPassword by anonymous auth by * none")
	line("access to * by * read")
	s.databaseConf(line)
	return b.Bytes()
}

func (s *Server) databaseConf(line func(string, ...any)) {
	line("database mdb")
	line("maxsize %d", 8<<30) // an upper bound of a sparse file
	line("suffix %q", Suffix)
	line("rootdn %q", RootDN)
	line("rootpw %s", RootPassword)
	line("directory %s", filepath.Join(s.dir, "db"))
	line("index objectClass,uid,mail,entryUUID,entryCSN,modifyTimestamp,member eq")
	line("dbnosync")
	line("overlay ppolicy") // brings pwdAccountLockedTime
	line("overlay memberof")
	if s.options.WithoutSync {
		return
	}
	line("overlay syncprov")
	line("syncprov-sessionlog %d", or(s.options.SessionLog, 1000))
}

func orUnlimited(n int) string {
	if n == 0 {
		return "unlimited"
	}
	return fmt.Sprint(n)
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
