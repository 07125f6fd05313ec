package plan

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kisi-sync/kisi-sync/internal/access"
)

var made = time.Date(2026, 5, 28, 20, 26, 40, 5, time.UTC)

func saved(s *scene) Saved {
	in := s.input()
	return Compute(in).Save(Words{Catalog: kisi, Desired: in.Desired, Observed: in.Observed}, made)
}

// reread is a saved plan after it went through a file.
func reread(t *testing.T, s Saved) Saved {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Saved
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestASavedPlanIsTheSameAfterItWasRead(t *testing.T) {
	s := saved(crowd())
	back := reread(t, s)
	if diff := cmp.Diff(s, back); diff != "" {
		t.Error(diff)
	}
	if back.Organization != "acme" || back.Version != SavedVersion || len(back.Steps) != 10 || !back.Intact() {
		t.Errorf("%+v", back)
	}
	if d := back.Compare(saved(crowd())); !d.Empty() {
		t.Errorf("a plan differs from itself: %+v", d)
	}
}

func TestAnEditedPlanIsNotIntact(t *testing.T) {
	held := func() *scene {
		s := crowd()
		s.in.Limits.Grants = 0
		return s
	}
	for name, edit := range map[string]func(*Saved){
		"a step removed":        func(s *Saved) { s.Steps = s.Steps[1:] },
		"a step twice":          func(s *Saved) { s.Steps = append(s.Steps, s.Steps[0]) },
		"steps swapped":         func(s *Saved) { s.Steps[0], s.Steps[1] = s.Steps[1], s.Steps[0] },
		"another id":            func(s *Saved) { s.Steps[0].ID[0]++ },
		"a hold lifted":         func(s *Saved) { s.Steps[4].Hold = "" },
		"another reason":        func(s *Saved) { s.Steps[4].Hold = s.Steps[4].Hold[1:] + "x" },
		"other words":           func(s *Saved) { s.Steps[0].What = "create group: Harmless" },
		"another cause":         func(s *Saved) { s.Steps[0].Why = "because" },
		"another sentence":      func(s *Saved) { s.Summary[0].Text = "nothing happens" },
		"another organization":  func(s *Saved) { s.Organization = "other" },
		"another time":          func(s *Saved) { s.Made = s.Made.Add(time.Hour) },
		"another version":       func(s *Saved) { s.Version++ },
		"no sum":                func(s *Saved) { s.Sum = "" },
		"a letter moved across": func(s *Saved) { s.Steps[0].What += s.Steps[0].Why[:1]; s.Steps[0].Why = s.Steps[0].Why[1:] },
	} {
		s := reread(t, saved(held()))
		if s.Steps[4].Hold == "" {
			t.Fatal("step 4 should be held")
		}
		if edit(&s); s.Intact() {
			t.Errorf("%s: intact", name)
		}
	}
}

func TestPlansAreComparedByWhatTheyDo(t *testing.T) {
	then := saved(staff(20, leftGroup, leftGroup, leftGroup))
	today := staff(20, leftGroup, leftGroup)
	today.desired.Wishes[19].Grants, today.desired.Wishes[19].Losses = nil, []access.Loss{{Group: hq, Cause: expired}}
	got := then.Compare(saved(today))
	want := Difference{Gone: []string{"remove access: p002@x.com in HQ Staff (left group staff)"},
		New: []string{"remove access: p019@x.com in HQ Staff (contract ended)"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	tight := staff(20, leftGroup, leftGroup, leftGroup)
	tight.in.Limits.Removals.People = 2
	if got := then.Compare(saved(tight)); len(got.Gone) != 3 || len(got.New) != 0 {
		t.Errorf("what is held today is not done today: %+v", got)
	}
	held := saved(tight)
	if got := held.Compare(saved(tight)); !got.Empty() {
		t.Errorf("held then and now: %+v", got)
	}
	if got := held.Compare(then); len(got.Gone) != 0 || len(got.New) != 3 {
		t.Errorf("held then and not now: %+v", got)
	}
}

func TestAHoldWithoutWordsIsStillAHold(t *testing.T) {
	s := staff(3, leftGroup)
	s.do(verdict(s.plan(), access.Waiting, func(h *access.Hold) { h.Reason = access.HoldReason{Kind: access.HeldByLimit} }))
	p := saved(s)
	if p.Steps[0].Hold != "limit" || p.Summary[0].Hold != "held: limit" {
		t.Errorf("%+v", p)
	}
}
