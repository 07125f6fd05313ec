package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
)

func TestARebuiltFileKnowsWhatPeopleSaidAndNothingOfWhatIsOurs(t *testing.T) {
	f, ctx := living(t), context.Background()
	must(t, f.SavePin(ctx, block("kim@x.com")))
	must(t, f.SavePin(ctx, block("ben@x.com")))
	must(t, f.SaveHolds(ctx, []access.Hold{waits(8, "x"), waits(9, "x")}))
	must(t, f.Decide(ctx, access.Decision{Step: stepID(8), Verdict: access.Rejected, By: "eva"}, access.Decision{Step: stepID(9), Verdict: access.Approved}))
	must(t, f.Documents("okta").Put(ctx, "k", []byte("v")))
	snapshot, err := f.Snapshot(ctx, "corp")
	must(t, err)
	spent, err := f.Spent(ctx, 0)
	must(t, err)
	f.raw(func(tx *bolt.Tx) error { // the ledger is damaged, and so is the last pin
		if err := flip(pinBucket)(tx); err != nil {
			return err
		}
		return flip(accountBucket)(tx)
	})
	path := f.Path()
	f.abandon()

	out, err := Rebuild(ctx, path, f.replacement(""))
	must(t, err)
	if out.Unread == nil || len(out.Lost) != 1 || !strings.Contains(out.Lost[0], "1 rows of 2 are damaged") || out.Kept == "" {
		t.Errorf("%+v", out)
	}
	f.open(path)
	must(t, f.Check(ctx))
	if pins := f.pins(); len(pins) != 1 || pins[0].Email != "ben@x.com" {
		t.Errorf("%+v", pins)
	}
	ledger, err := f.Ledger(ctx)
	if err != nil || len(ledger.Accounts)+len(ledger.Groups) != 0 {
		t.Errorf("%+v %v", ledger, err)
	}
	if all := f.holds(); len(all) != 1 || all[0].Step != stepID(8) {
		t.Errorf("%+v", all)
	}
	if v, err := f.Documents("okta").Get(ctx, "k"); string(v) != "v" || err != nil {
		t.Errorf("%q %v", v, err)
	}
	if now, err := f.Snapshot(ctx, "corp"); err != nil || text(now) != text(snapshot) {
		t.Error(err)
	}
	if now, err := f.Spent(ctx, 0); err != nil || cmp.Diff(spent, now) != "" {
		t.Errorf("%+v %v", now, err)
	}
	bound, err := f.Bindings(ctx)
	if d := cmp.Diff([]mapping.Binding{{Source: "corp", Text: "a"}, {Source: "corp", Text: "b"}}, bound); d != "" || err != nil {
		t.Error(d, err)
	}
	if err := f.Bind(ctx, access.Organization{ID: 2}, "berlin-1"); !errors.Is(err, ErrOther) {
		t.Error(err)
	}
	if l := f.lastLine(); l.Who != "eva" || !strings.Contains(l.What, "rebuild the state from nothing") || !strings.Contains(l.What, out.Head.String()) {
		t.Errorf("%+v", l)
	}
}

func TestWhatCannotBeReadAtAllIsRebuiltEmptyAndSaysSo(t *testing.T) {
	f, ctx := newFixture(t), context.Background()
	for name, text := range map[string]string{"garbage": strings.Repeat("not a database ", 9999), "none": ""} {
		path := filepath.Join(t.TempDir(), "state.db")
		if text != "" {
			must(t, os.WriteFile(path, []byte(text), 0o600))
		}
		out, err := Rebuild(ctx, path, f.replacement(""))
		must(t, err)
		if (len(out.Lost) == 1) != (text != "") || (out.Kept != "") != (text != "") || len(list(t, path)) != 1+len(out.Lost) {
			t.Errorf("%s: %+v %q", name, out, list(t, path))
		}
		s, err := Open(path, Options{NoSync: true})
		must(t, err)
		must(t, s.Check(ctx))
		must(t, s.Close())
	}
}

func TestFindingsSayWhatIsDamagedAndWhatToDo(t *testing.T) {
	for bucket, want := range map[string][2]string{
		accountBucket: {"what is ours in Kisi", doRestore}, pinBucket: {"blocks and exemptions", doRestore}, auditBucket: {"the audit trail", doTrail},
		holdBucket: {"held steps", doRestore}, intentBucket: {"calls under way", doRestore}, runBucket: {"the record of runs", doRestore},
		bindingBucket: {"what selectors are bound to", doRestore},
	} {
		f, ctx := living(t), context.Background()
		must(t, f.SavePin(ctx, block("kim@x.com")))
		if found, err := f.Findings(ctx); len(found) > 0 || err != nil {
			t.Fatalf("%+v %v", found, err)
		}
		f.raw(flip(bucket))
		found, err := f.Findings(ctx)
		must(t, err)
		if len(found) != 1 || found[0].What != want[0] || found[0].Do != want[1] || !errors.Is(found[0], ErrDamaged) ||
			!strings.Contains(f.Check(ctx).Error(), want[0]+": ") {
			t.Errorf("%s: %+v", bucket, found)
		}
		f.abandon()
	}
	f, ctx := living(t), context.Background()
	f.raw(func(tx *bolt.Tx) error {
		rows := tx.Bucket([]byte(sourceBucket)).Bucket([]byte("corp"))
		h, _, err := (&txn{tx: tx, docs: f.docs}).head("corp")
		if err != nil {
			return err
		}
		b := rows.Bucket(rowsName(h.Generation)).Bucket([]byte(peoplePart))
		key, _ := b.Cursor().First()
		return b.Delete(append([]byte(nil), key...))
	})
	if found, err := f.Findings(ctx); err != nil || len(found) != 1 || found[0].What != "what was read of corp" || found[0].Do != doReread {
		t.Errorf("%+v %v", found, err)
	}
	f.abandon()
}
