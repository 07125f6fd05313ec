package bench

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/ldap"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// town is a directory of people, by number, with the addresses of slapd.Population.
type town interface {
	source(b testing.TB) connectors.Source
	disable(n int)
	join(n int)
}

type openLDAPPeople struct{ *slapd.Server }

func openLDAPTown(b testing.TB, people int) town {
	return openLDAPPeople{slapd.Start(b, slapd.Options{Load: slapd.Population{People: people}.Write})}
}

func (t openLDAPPeople) source(b testing.TB) connectors.Source { return openLDAP(b, t.Server) }

func (t openLDAPPeople) disable(n int) {
	t.Replace(slapd.PersonDN(n), slapd.Attributes{"pwdAccountLockedTime": {"000001010000Z"}})
}

func (t openLDAPPeople) join(n int) {
	t.Add(slapd.PersonDN(n), slapd.Attributes{"objectClass": {"inetOrgPerson"}, "cn": {fmt.Sprint("Joiner ", n)}, "sn": {"Joiner"},
		"mail": {fmt.Sprintf("joiner%d@example.com", n)}})
}

type windowsPeople struct{ *sambadc.Server }

// windowsTown has a deleted account, so that increments are given to the administrator, who sees it.
func windowsTown(b testing.TB, people int) town {
	s := sambadc.Start(b, sambadc.Options{Load: func(w io.Writer) error {
		var all bytes.Buffer
		for n := range people {
			fmt.Fprintf(&all, "dn: %[1]s\nobjectClass: user\nsAMAccountName: p%[2]d\nmail: p%07[2]d@example.com\nuserAccountControl: 544\n\n", windowsDN(n), n)
		}
		_, err := w.Write(all.Bytes())
		return err
	}})
	s.AddUser("CN=short,"+sambadc.StaffDN, sambadc.Attributes{"sAMAccountName": {"short"}}, sambadc.ReaderPassword)
	s.Delete("CN=short," + sambadc.StaffDN)
	return windowsPeople{s}
}

func windowsDN(n int) string { return fmt.Sprintf("CN=Person %d,%s", n, sambadc.StaffDN) }

func (t windowsPeople) source(b testing.TB) connectors.Source {
	b.Helper()
	password := filepath.Join(b.TempDir(), "password")
	if err := os.WriteFile(password, []byte(sambadc.AdminPassword), 0o600); err != nil {
		b.Fatal(err)
	}
	o := ldap.New().(*ldap.Settings)
	o.URL, o.Preset, o.Base = t.SecureURL(), "active_directory", sambadc.StaffDN
	o.TLS.CA, o.TLS.ServerName = t.CAFile(), sambadc.Host
	o.Login = ldap.Login{User: sambadc.AdminUser, Password: secret.Ref{File: password}}
	s, err := o.Open(connectors.Env{Name: "corp", Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (t windowsPeople) disable(n int) {
	t.Replace(windowsDN(n), sambadc.Attributes{"userAccountControl": {"546"}})
}

func (t windowsPeople) join(n int) {
	t.AddUser(windowsDN(n), sambadc.Attributes{"sAMAccountName": {fmt.Sprint("p", n)}, "mail": {fmt.Sprintf("joiner%d@example.com", n)}}, sambadc.ReaderPassword)
}
