package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// ordinaryLine is a line as a call leaves it: somebody with a name of middling length is given a group, by a directory that has ids like those of
// Active Directory.
func ordinaryLine(n int, at time.Time) record.AuditLine {
	person, group := n%1000, n%20
	address, name := fmt.Sprintf("firstname.lastname%d@nordlicht.example", person), fmt.Sprintf("HQ Staff %d", group)
	line := record.AuditLine{At: at, Run: uint64(n / 50), What: "give access: " + address + " in " + name + " as door_access", Outcome: record.Done,
		Why: "member of staff", Kind: access.CreateAssignment.String(), Who: "schedule", Email: address, GroupName: name, Role: access.DoorAccess,
		Anchor: access.Anchor(fmt.Sprintf("corp:3f2504e0-4f89-11d3-9a0c-0305e82c%04d", person)), Cause: "rule", Rule: "staff",
		Member: access.RemoteID(100000 + person), Group: access.RemoteID(5000 + group), Made: access.RemoteID(900000 + n)}
	for i := range line.Step {
		line.Step[i] = byte(n >> (i % 3 * 8) * 31)
	}
	return line
}

// BenchmarkAuditLines says how much room a line takes in the file, and how long it takes to verify a hundred thousand: docs/audit.md quotes it.
func BenchmarkAuditLines(b *testing.B) {
	const lines, together = 100_000, 50
	ctx, dir := context.Background(), b.TempDir()
	for b.Loop() {
		at := time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC)
		s, err := Open(filepath.Join(dir, fmt.Sprintf("%d.db", time.Now().UnixNano())), Options{NoSync: true})
		must(b, err)
		empty := copySize(b, s)
		for n := 0; n < lines; n += together {
			batch := make([]record.AuditLine, together)
			for i := range batch {
				at = at.Add(time.Minute)
				batch[i] = ordinaryLine(n+i, at)
			}
			must(b, s.Audit(ctx, batch...))
		}
		b.ReportMetric(float64(copySize(b, s)-empty)/lines, "bytes/line")
		began := time.Now()
		_, err = s.VerifyAudit(ctx)
		must(b, err)
		b.ReportMetric(time.Since(began).Seconds(), "s/verify")
		must(b, s.Close())
	}
}

// copySize is the size of a backup: the file itself grows ahead of what is in it.
func copySize(b *testing.B, s *Store) int64 {
	b.Helper()
	path := filepath.Join(b.TempDir(), "copy.db")
	must(b, s.Backup(context.Background(), path))
	info, err := os.Stat(path)
	must(b, err)
	return info.Size()
}
