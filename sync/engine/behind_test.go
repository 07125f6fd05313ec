package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// servers is a directory of which the second server is asked that lags.
type servers struct {
	first, second *staff
	lags          bool
	since         directory.Cursor // of the last read
}

func (s *servers) Fetch(ctx context.Context, since directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	s.since = since
	asked := s.first
	if s.lags {
		asked = s.second
	}
	r, err := asked.Fetch(ctx, since, put)
	if r.Next = (directory.Cursor{Shape: [32]byte{1}, Token: []byte("of the first")}); s.lags {
		r.Behind, r.Next.Token = "the second does not have yet what the first has told", []byte("of the second")
	}
	return r, err
}

func TestAServerThatLagsBringsNobodyBackAndTakesLeaversAtOnce(t *testing.T) {
	w := newWorld(t, kisisim.Assumptions{})
	s := &servers{first: w.staff, second: newStaff(map[string]string{"ana": "staff servers", "bo": "staff lab", "cem": "staff", "eva": "staff"})}
	w.corp = engine.Source{Name: "corp", ID: "corp", Source: s}
	w.must(true)
	w.staff.disabled["ana"] = true
	w.pass(time.Hour)
	w.must(true)
	s.lags = true
	s.second.disabled["bo"] = true
	w.pass(48 * time.Hour)
	w.must(true)
	for who, want := range map[string]bool{"ana": false, "bo": false, "cem": true} {
		if u := w.user(who); u.Access != want {
			t.Errorf("%s has access: %v", who, u.Access)
		}
	}
	w.expect("eva", "HQ / Server Room", true) // what the second does not know yet takes nothing
	if st := w.last.Sources[0]; st.Behind == "" || st.Complete || st.Doubts != 0 {
		t.Errorf("%+v", st)
	}
	if !s.since.IsZero() || string(s.since.Token) != "of the first" {
		t.Errorf("a full read knows of the past %+v", s.since)
	}
	w.accept = map[string]bool{"corp": true}
	w.must(true)
	w.accept = nil
	if st := w.last.Sources[0]; st.Behind != "" || !st.Complete {
		t.Errorf("%+v", st)
	}
	if u := w.user("ana"); !u.Access {
		t.Error("ana is shut out after somebody accepted how it is")
	}
}
