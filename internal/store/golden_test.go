package store

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

// unpack writes a golden file where a test may use it.
func unpack(t *testing.T, name string) string {
	t.Helper()
	in, err := os.Open(filepath.Join("testdata", name))
	must(t, err)
	defer func() { _ = in.Close() }()
	z, err := gzip.NewReader(in)
	must(t, err)
	whole, err := io.ReadAll(z)
	must(t, err)
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, whole, 0o600))
	return path
}

// TestAFileOfSchema1IsBroughtUpToDateWithEverythingInIt opens a file that the last version with schema 1 wrote: what runOfActs does, a
// decision, three calls of which the last takes back what the one before gave, and a document.
func TestAFileOfSchema1IsBroughtUpToDateWithEverythingInIt(t *testing.T) {
	path, ctx := unpack(t, "schema1.db.gz"), context.Background()
	c := newClock()
	s, err := Open(path, Options{NoSync: true, Now: c.now})
	must(t, err)
	f := &fixture{Store: s, t: t, clock: c}
	defer func() { must(t, f.Close()) }()
	must(t, f.Check(ctx))
	if _, err := os.Stat(BackupPath(path, 1)); err != nil {
		t.Error(err)
	}
	ledger, err := f.Ledger(ctx)
	if err != nil || len(ledger.Accounts) == 0 {
		t.Errorf("%+v %v", ledger, err)
	}
	n, err := f.VerifyAudit(ctx)
	if err != nil || n != 13 {
		t.Errorf("%d lines hold, %v", n, err)
	}
	must(t, f.SavePin(ctx, block("ben@x.com")))
	if n, err = f.VerifyAudit(ctx); err != nil || n != 14 {
		t.Errorf("%d lines hold, %v", n, err)
	}
	a, err := f.Holders(ctx, "7", c.now())
	must(t, err)
	if got := heldBy(a); got != "1@x.com 3@x.com*" {
		t.Errorf("held by %q", got)
	}
	lines := 0
	must(t, f.EachAudit(ctx, record.AuditFilter{Person: "2@x.com"}, func(e *record.Entry) error {
		lines++
		if e.Word() == access.RemoveAssignment.String() && e.Outcome != record.Done {
			t.Errorf("%+v", e)
		}
		return nil
	}))
	if lines != 5 {
		t.Errorf("%d lines are about 2@x.com", lines)
	}
}
