package bench

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/ldap"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// BenchmarkRead reads 100,000 people and 2,000 groups with 500,000 memberships from slapd over LDAPS, and lets OpenLDAP's own client
// read the same with the same paging, filters and attributes into a file, in turn. Reported: the ratio of the two, for reading alone
// (records counted and dropped) and for reading into a sealed snapshot, and the peak memory of this process.
func BenchmarkRead(b *testing.B) {
	read(b, slapd.Population{People: 100_000, Groups: 2_000, Members: 250, Nested: 10})
}

// BenchmarkMillion is the same with 1,000,000 people and 10,000 groups of 200.
func BenchmarkMillion(b *testing.B) {
	read(b, slapd.Population{People: 1_000_000, Groups: 10_000, Members: 200, Nested: 10})
}

func read(b *testing.B, p slapd.Population) {
	s := slapd.Start(b, slapd.Options{Load: p.Write})
	for _, kind := range []struct {
		name string
		read func(b *testing.B, s connectors.Source)
	}{{"alone", readAlone}, {"into-snapshot", func(b *testing.B, s connectors.Source) { readSnapshot(b, s, p.People) }}} {
		b.Run(kind.name, func(b *testing.B) {
			source := openLDAP(b, s)
			runtime.GC()
			debug.FreeOSMemory()
			resetPeak(b)
			before := resident(b, "VmRSS")
			var ours, theirs time.Duration
			for b.Loop() {
				began := time.Now()
				kind.read(b, source)
				ours += time.Since(began)
				began = time.Now()
				ldapsearch(b, s)
				theirs += time.Since(began)
			}
			b.ReportMetric(ours.Seconds()/float64(b.N), "s-ours")
			b.ReportMetric(theirs.Seconds()/float64(b.N), "s-ldapsearch")
			b.ReportMetric(ours.Seconds()/theirs.Seconds(), "x-ldapsearch")
			b.ReportMetric(float64(resident(b, "VmHWM")-before)/1024, "MB-peak-added")
		})
	}
}

func openLDAP(b testing.TB, s *slapd.Server) connectors.Source {
	b.Helper()
	return openLDAPAt(b, s, s.SecureURL())
}

func openLDAPAt(b testing.TB, s *slapd.Server, url string) connectors.Source {
	b.Helper()
	return openLDAPWith(b, s, url, time.Now)
}

func openLDAPWith(b testing.TB, s *slapd.Server, url string, now func() time.Time) connectors.Source {
	b.Helper()
	password := filepath.Join(b.TempDir(), "password")
	if err := os.WriteFile(password, []byte(slapd.ReaderPassword), 0o600); err != nil {
		b.Fatal(err)
	}
	o := ldap.New().(*ldap.Settings)
	o.URL, o.Preset, o.Base, o.TLS.CA = url, "openldap", slapd.Suffix, s.CAFile()
	o.Login = ldap.Login{User: slapd.ReaderDN, Password: secret.Ref{File: password}}
	source, err := o.Open(connectors.Env{Name: "corp", Attributes: []string{"departmentNumber", "employeeType"},
		Log: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		b.Fatal(err)
	}
	return source
}

func readAlone(b *testing.B, s connectors.Source) {
	records := 0
	_, err := s.Fetch(context.Background(), directory.Cursor{}, func(*directory.Record) error { records++; return nil })
	if err != nil || records < 600_000 {
		b.Fatalf("%d records: %v", records, err)
	}
}

func readSnapshot(b *testing.B, s connectors.Source, people int) {
	builder := directory.Build("corp", nil)
	receipt, err := s.Fetch(context.Background(), directory.Cursor{}, builder.Put)
	if err != nil {
		b.Fatal(err)
	}
	snapshot, _, err := builder.Seal(receipt, nil)
	if err != nil || snapshot.Counts().People != people {
		b.Fatal(err, snapshot.Counts())
	}
}

// ldapsearch asks for what the connector asks for.
func ldapsearch(b *testing.B, s *slapd.Server) {
	b.Helper()
	for _, args := range [][]string{
		{"(objectClass=inetOrgPerson)", "entryUUID", "mail", "uid", "modifyTimestamp", "displayName", "cn", "pwdAccountLockedTime", "departmentNumber", "employeeType"},
		{"(objectClass=groupOfNames)", "entryUUID", "modifyTimestamp", "cn", "member"},
	} {
		out, err := os.Create(filepath.Join(b.TempDir(), "out.ldif"))
		if err != nil {
			b.Fatal(err)
		}
		c := exec.Command("ldapsearch", append([]string{"-x", "-LLL", "-o", "ldif-wrap=no", "-H", s.SecureURL(), "-D", slapd.ReaderDN,
			"-w", slapd.ReaderPassword, "-b", slapd.Suffix, "-E", "pr=500/noprompt"}, args...)...)
		c.Env, c.Stdout = []string{"LDAPTLS_CACERT=" + s.CAFile()}, out
		if err := c.Run(); err != nil {
			b.Fatal("ldapsearch (package ldap-utils):", err)
		}
		if err := out.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
