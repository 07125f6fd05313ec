package store

import (
	"path/filepath"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

func TestAPauseStandsUntilSomebodyResumesAlsoWhenTheFileIsOpenedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kisi-sync.db")
	s, err := Open(path, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Paused(t.Context()); p != nil || err != nil {
		t.Fatal(p, err)
	}
	if err := s.Resume(t.Context(), record.Said{By: "mia"}); err != nil {
		t.Fatal(err)
	}
	first, err := s.Pause(t.Context(), record.Said{By: "lea", Why: "moving house"})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Pause(t.Context(), record.Said{By: "mia"}); err != nil || *again != *first {
		t.Error("a second pause replaced the first:", again, err)
	}
	if _, err := s.Pause(t.Context(), record.Said{}); err == nil {
		t.Error("nobody paused")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(path, Options{NoSync: true}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if p, err := s.Paused(t.Context()); err != nil || p == nil || p.By != "lea" || p.Why != "moving house" || !p.Since.Equal(first.Since) {
		t.Error(p, err)
	}
	if err := s.Resume(t.Context(), record.Said{By: "mia"}); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Paused(t.Context()); p != nil || err != nil {
		t.Error(p, err)
	}
	if lines, err := s.VerifyAudit(t.Context()); lines != 2 || err != nil {
		t.Error(lines, err)
	}
}
