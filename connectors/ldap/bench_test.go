package ldap

import (
	"context"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// BenchmarkRead reads 100,000 people and 2,000 groups with 500,000 memberships, and for comparison has OpenLDAP's own client read
// the same.
func BenchmarkRead(b *testing.B) {
	s := slapd.Start(b, slapd.Options{Load: slapd.Population{People: 100_000, Groups: 2_000, Members: 250, Nested: 10}.Write})
	b.Run("kisi-sync", func(b *testing.B) {
		source := open(b, settingsFor(b, s), "departmentNumber", "employeeType")
		for b.Loop() {
			peak, records := measure(b, func(put func(*directory.Record) error) error {
				_, err := source.Fetch(context.Background(), directory.Cursor{}, put)
				return err
			})
			b.ReportMetric(peak, "MB-peak")
			b.ReportMetric(float64(records), "records")
		}
	})
	b.Run("kisi-sync-into-builder", func(b *testing.B) {
		source := open(b, settingsFor(b, s), "departmentNumber", "employeeType")
		for b.Loop() {
			builder := directory.Build("corp", nil)
			receipt, err := source.Fetch(context.Background(), directory.Cursor{}, builder.Put)
			if err == nil {
				_, _, err = builder.Seal(receipt, nil)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ldapsearch", func(b *testing.B) {
		for b.Loop() {
			search(b, s, "(objectClass=inetOrgPerson)", "entryUUID", "mail", "uid", "modifyTimestamp", "displayName", "cn", "pwdAccountLockedTime", "departmentNumber", "employeeType")
			search(b, s, "(objectClass=groupOfNames)", "entryUUID", "modifyTimestamp", "cn", "member")
		}
	})
}

// measure runs a read and watches the heap beside it; the peak is what the read added.
func measure(b *testing.B, read func(func(*directory.Record) error) error) (megabytes float64, records int64) {
	b.Helper()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				runtime.ReadMemStats(&now)
				peak.Store(max(peak.Load(), now.HeapInuse))
			}
		}
	}()
	if err := read(func(*directory.Record) error { records++; return nil }); err != nil {
		b.Fatal(err)
	}
	close(stop)
	<-stopped
	return (float64(peak.Load()) - float64(before.HeapInuse)) / 1e6, records
}

func search(b *testing.B, s *slapd.Server, filter string, attributes ...string) {
	b.Helper()
	path, err := exec.LookPath("ldapsearch")
	if err != nil {
		b.Skip("this comparison needs OpenLDAP's client: on Debian or Ubuntu run `apt-get install ldap-utils`")
	}
	args := append([]string{"-x", "-LLL", "-o", "ldif-wrap=no", "-H", s.SecureURL(), "-D", slapd.ReaderDN, "-w", slapd.ReaderPassword,
		"-b", slapd.Suffix, "-E", "pr=500/noprompt", filter}, attributes...)
	c := exec.Command(path, args...)
	c.Env = []string{"LDAPTLS_CACERT=" + s.CAFile()}
	if err := c.Run(); err != nil {
		b.Fatal(err)
	}
}
