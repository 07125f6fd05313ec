package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/ldap"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/sambadc"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// followed is a directory of which increments are measured against full reads.
type followed struct {
	source    connectors.Source
	line      *metered
	change    func(n int) // ten changes, other ones for each n
	increment func(directory.Receipt) bool
	settle    func() // after a full read; nil for nothing
}

// BenchmarkIncrement reads ten changes, and in turn everything: of 100,000 people and 2,000 groups on slapd, by content synchronization and by
// times that are compared, and of 2,000 people and a group of all of them on a domain controller, by DirSync. Reported: milliseconds and
// bytes that came over the line, and both as a part of the full read's.
func BenchmarkIncrement(b *testing.B) {
	town := slapd.Population{People: 100_000, Groups: 2_000, Members: 250, Nested: 10}
	b.Run("synchronized", func(b *testing.B) {
		s := slapd.Start(b, slapd.Options{Load: town.Write})
		line := meter(b, s.SecureURL())
		followed{source: openLDAPAt(b, s, line.url), line: line, change: tenPeople(s), increment: isDelta}.measure(b)
	})
	b.Run("compared", func(b *testing.B) {
		s := slapd.Start(b, slapd.Options{Load: town.Write, WithoutSync: true})
		line := meter(b, s.SecureURL())
		later := time.Duration(0)
		source := openLDAPWith(b, s, line.url, func() time.Time { return time.Now().Add(later) })
		compared := func(r directory.Receipt) bool { return bytes.Contains([]byte(r.Proof.Note), []byte("compared by")) }
		followed{source: source, line: line, change: tenPeople(s), increment: compared, settle: func() { later += 3 * time.Minute }}.measure(b)
	})
	b.Run("controller", func(b *testing.B) {
		s := sambadc.Start(b, sambadc.Options{Load: staff(2000)})
		s.AddPerson("CN=gone,"+sambadc.StaffDN, sambadc.Attributes{})
		s.Delete("CN=gone," + sambadc.StaffDN) // an empty recycle bin cannot be told from a hidden one
		line := meter(b, s.SecureURL()+":636")
		change := func(n int) {
			for i := range 10 {
				s.Replace(fmt.Sprintf("CN=Person %d,%s", i*10, sambadc.StaffDN), sambadc.Attributes{"department": {fmt.Sprint("changed ", n)}})
			}
		}
		followed{source: openController(b, s, line.url), line: line, change: change, increment: isDelta}.measure(b)
	})
}

func isDelta(r directory.Receipt) bool { return r.Coverage == directory.Delta }

func tenPeople(s *slapd.Server) func(int) {
	return func(n int) {
		for i := range 10 {
			s.Replace(slapd.PersonDN(i*1000+n), slapd.Attributes{"departmentNumber": {fmt.Sprint("changed ", n)}})
		}
	}
}

// staff are people, and a group of all of them.
func staff(n int) func(io.Writer) error {
	return func(w io.Writer) error {
		var people, group bytes.Buffer
		for i := range n {
			fmt.Fprintf(&people, "dn: CN=Person %[1]d,%[2]s\nobjectClass: user\nsAMAccountName: p%[1]d\nmail: p%[1]d@example.com\nuserAccountControl: 544\n\n", i, sambadc.StaffDN)
			fmt.Fprintf(&group, "member: CN=Person %d,%s\n", i, sambadc.StaffDN)
		}
		_, err := fmt.Fprintf(w, "%sdn: CN=Everybody,%s\nobjectClass: group\nsAMAccountName: everybody\n%s\n", people.String(), sambadc.StaffDN, group.String())
		return err
	}
}

func openController(b testing.TB, s *sambadc.Server, url string) connectors.Source {
	b.Helper()
	password := filepath.Join(b.TempDir(), "password")
	if err := os.WriteFile(password, []byte(sambadc.AdminPassword), 0o600); err != nil {
		b.Fatal(err)
	}
	o := ldap.New().(*ldap.Settings)
	o.URL, o.Preset, o.Base, o.TLS.CA, o.TLS.ServerName = url, "active_directory", sambadc.StaffDN, s.CAFile(), sambadc.Host
	o.Login = ldap.Login{User: sambadc.AdminUser, Password: secret.Ref{File: password}}
	source, err := o.Open(connectors.Env{Name: "corp", Attributes: []string{"department"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	return source
}

func (f followed) measure(b *testing.B) {
	var small, whole struct {
		time  time.Duration
		bytes int64
	}
	fetch := func(since directory.Cursor) (directory.Receipt, time.Duration, int64) {
		began, before := time.Now(), f.line.came.Load()
		receipt, err := f.source.Fetch(context.Background(), since, func(*directory.Record) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		return receipt, time.Since(began), f.line.came.Load() - before
	}
	for i := 0; b.Loop(); i++ {
		receipt, took, came := fetch(directory.Cursor{})
		whole.time, whole.bytes = whole.time+took, whole.bytes+came
		if f.settle != nil {
			f.settle()
			receipt, _, _ = fetch(receipt.Next)
		}
		f.change(i)
		receipt, took, came = fetch(receipt.Next)
		if !f.increment(receipt) {
			b.Fatal(receipt.Proof.Note)
		}
		small.time, small.bytes = small.time+took, small.bytes+came
	}
	b.ReportMetric(float64(small.time.Microseconds())/1000/float64(b.N), "ms")
	b.ReportMetric(float64(small.bytes)/float64(b.N), "bytes")
	b.ReportMetric(100*small.time.Seconds()/whole.time.Seconds(), "%-of-full-time")
	b.ReportMetric(100*float64(small.bytes)/float64(whole.bytes), "%-of-full-bytes")
}
