package members_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/members"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func fetch(t *testing.T, since directory.Cursor, entries ...members.Entry) ([]directory.Record, directory.Receipt) {
	t.Helper()
	s, err := (&members.Settings{Entries: entries}).Open(connectors.Env{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var all []directory.Record
	receipt, err := s.Fetch(t.Context(), since, func(r *directory.Record) error { all = append(all, *r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all, receipt
}

func TestSomebodyInTwoGroupsIsOnePersonInTwoEntries(t *testing.T) {
	got, receipt := fetch(t, directory.Cursor{}, members.Entry{Group: "HQ", Email: "Ana@example.com"}, members.Entry{Group: "Lab", Email: "ana@example.com", Name: "Ana Reis"})
	entry := func(group string) []directory.Record {
		return []directory.Record{{Kind: directory.GroupIs, ID: group + "/ana@example.com", Name: "members of " + group}, {Kind: directory.MembersFrom, ID: group + "/ana@example.com"},
			{Kind: directory.MemberIs, ID: group + "/ana@example.com", Member: directory.Ref{Kind: directory.ByID, Value: "ana@example.com"}}}
	}
	want := append([]directory.Record{{Kind: directory.PersonIs, ID: "ana@example.com", Email: "Ana@example.com", Name: "Ana Reis"}}, append(entry("HQ"), entry("Lab")...)...)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if receipt.Coverage != directory.Complete {
		t.Errorf("coverage %v", receipt.Coverage)
	}
}

func TestAFileThatSaysTheSameIsNotReadAgain(t *testing.T) {
	ana, bo := members.Entry{Group: "HQ", Email: "ana@example.com"}, members.Entry{Group: "HQ", Email: "bo@example.com"}
	_, first := fetch(t, directory.Cursor{}, ana)
	if again, receipt := fetch(t, first.Next, ana); len(again) != 0 || receipt.Coverage != directory.Delta {
		t.Errorf("%v, coverage %v", again, receipt.Coverage)
	}
	if changed, receipt := fetch(t, first.Next, ana, bo); len(changed) != 8 || receipt.Coverage != directory.Complete {
		t.Errorf("%v, coverage %v", changed, receipt.Coverage)
	}
}

func TestAReadThatIsToldToStopIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, _ := (&members.Settings{}).Open(connectors.Env{Now: time.Now})
	if _, err := s.Fetch(ctx, directory.Cursor{}, func(*directory.Record) error { return nil }); err == nil {
		t.Error("no error")
	}
}
