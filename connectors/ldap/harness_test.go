package ldap

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settingsFor is a source on a test server, over ldaps.
func settingsFor(t testing.TB, s *slapd.Server) *Settings {
	t.Helper()
	o := New().(*Settings)
	o.URL, o.Preset, o.Base = s.SecureURL(), "openldap", slapd.Suffix
	o.Login = Login{User: slapd.ReaderDN, Password: passwordFile(t, slapd.ReaderPassword)}
	o.TLS.CA = s.CAFile()
	o.Timeout = 20 * time.Second
	return o
}

func passwordFile(t testing.TB, password string) secret.Ref {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return secret.Ref{File: path}
}

func open(t testing.TB, o *Settings, attributes ...string) connectors.Source {
	t.Helper()
	s, err := o.Open(connectors.Env{Name: "corp", Attributes: attributes, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reader follows one source as the engine does: snapshot after snapshot.
type reader struct {
	t        testing.TB
	source   connectors.Source
	snapshot *directory.Snapshot
	receipt  directory.Receipt
	diff     directory.Diff
	records  int
}

func (r *reader) fetch(since directory.Cursor) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b := directory.Build("corp", r.snapshot)
	r.records = 0
	receipt, err := r.source.Fetch(ctx, since, func(rec *directory.Record) error { r.records++; return b.Put(rec) })
	if err != nil {
		r.t.Fatalf("fetch: %v", err)
	}
	next, diff, err := b.Seal(receipt, nil)
	if err != nil {
		r.t.Fatalf("seal: %v", err)
	}
	r.snapshot, r.receipt, r.diff = next, receipt, diff
}

// full reads everything; changes goes on from where the last read ended.
func (r *reader) full()    { r.t.Helper(); r.fetch(directory.Cursor{}) }
func (r *reader) changes() { r.t.Helper(); r.fetch(r.snapshot.Cursor()) }

// people lists who is there by e-mail address, and members who is in a group, by the group's name.
func (r *reader) people() []string {
	v := directory.Join(r.snapshot)
	var out []string
	for i := range v.People() {
		out = append(out, v.Person(i).Email())
	}
	slices.Sort(out)
	return out
}

func (r *reader) members(group string) []string {
	v := directory.Join(r.snapshot)
	for g := range v.Groups() {
		if v.Group(g).Name() != group {
			continue
		}
		out := []string{}
		for _, p := range v.Members(g) {
			out = append(out, v.Person(int(p)).Email())
		}
		slices.Sort(out)
		return out
	}
	return nil
}

// sameAsFull compares what increments made of the directory with what one full read makes of it.
func (r *reader) sameAsFull() {
	r.t.Helper()
	fresh := &reader{t: r.t, source: r.source}
	fresh.full()
	if d := cmp.Diff(dump(r.t, fresh.snapshot), dump(r.t, r.snapshot)); d != "" {
		r.t.Errorf("a full read (-) and increments (+) differ:\n%s", d)
	}
}
