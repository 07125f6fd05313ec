package record

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/sheet"
)

func TestAHeadIsReadAsItWasWrittenAndNothingElseIs(t *testing.T) {
	digest := bytes.Repeat([]byte{0xab}, 32)
	for _, h := range []Head{{}, {Number: 1204, Digest: digest}} {
		if got, err := ParseHead(" " + h.String() + "\n"); err != nil || cmp.Diff(h, got) != "" {
			t.Errorf("%+v %v", got, err)
		}
	}
	for _, text := range []string{"", "1204", "1204:", ":" + strings.Repeat("ab", 32), "0:" + strings.Repeat("ab", 32), "-1:" + strings.Repeat("ab", 32),
		"1204:" + strings.Repeat("ab", 31), "1204:" + strings.Repeat("zz", 32), "1204:" + strings.Repeat("ab", 33)} {
		if h, err := ParseHead(text); err == nil {
			t.Errorf("%q is %+v", text, h)
		}
	}
}

func TestAnOldLineSaysByItsTextWhoAndWhich(t *testing.T) {
	for what, want := range map[string][3]string{
		"give access: ana@x.com in HQ Staff":          {"give access", "ana@x.com", "HQ Staff"},
		"give access: ana@x.com in Staff in Berlin":   {"give access", "ana@x.com", "Staff in Berlin"},
		"suspend user: ana@x.com":                     {"suspend user", "ana@x.com", ""},
		"add door: HQ Staff (5)":                      {"add door", "", "HQ Staff"},
		"create group: HQ (old) Staff":                {"create group", "", "HQ (old) Staff"},
		"line 1":                                      {"line 1", "", ""},
		"link user: Ana@X.com":                        {"link user", "ana@x.com", ""},
		"remove access: kim@x.com in Lab: the roof's": {"remove access", "kim@x.com", "Lab: the roof's"},
	} {
		l := AuditLine{What: what}
		if got := [3]string{l.Word(), emailIn(what), groupIn(what)}; got != want {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// step makes an entry of a change that was done.
func step(n uint64, kind access.Kind, member, group access.RemoteID) Entry {
	return Entry{Number: n, AuditLine: AuditLine{Kind: kind.String(), Member: member, Group: group, Email: "ana@x.com", Made: access.RemoteID(n),
		At: time.Unix(int64(n), 0), Outcome: Done}}
}

// TestReplay is the table of Replay: lines one after another, and after each who holds group 7, with * what is not by us.
func TestReplay(t *testing.T) {
	seen := step(9, access.CreateMember, 1, 0)
	seen.Kind, seen.Outcome, seen.Enabled, seen.Rights = DidSee, DidSee, true, []Right{{Group: 7, Assignment: 2}}
	released := step(10, access.ReleaseGrant, 1, 7)
	failed := step(4, access.RemoveAssignment, 1, 7)
	failed.Outcome = "outcome unknown"
	changed := step(3, access.UpdateAssignment, 1, 7)
	changed.Assignment = 2
	forgotten := step(12, access.ForgetGrant, 1, 7)
	r := NewReplay()
	for _, c := range []struct {
		e    Entry
		want string
	}{
		{step(1, access.CreateMember, 1, 0), ""},
		{step(2, access.CreateAssignment, 1, 7), "ana@x.com"},
		{changed, "ana@x.com"},
		{failed, "ana@x.com"},
		{step(5, access.DisableMember, 1, 0), "(ana@x.com)"},
		{step(6, access.EnableMember, 1, 0), "ana@x.com"},
		{step(7, access.RemoveAssignment, 1, 7), ""},
		{step(8, access.NoteSatisfied, 1, 7), "ana@x.com*"},
		{seen, "ana@x.com*"},
		{released, "ana@x.com*"},
		{step(11, access.CreateAssignment, 1, 7), "ana@x.com* ana@x.com"},
		{forgotten, ""},
		{step(13, access.CreateAssignment, 1, 7), "ana@x.com"},
		{step(14, access.ForgetMember, 1, 0), ""},
	} {
		e := c.e
		if e.Kind == access.RemoveAssignment.String() || e.Kind == access.ForgetGrant.String() || e.Kind == access.ReleaseGrant.String() {
			e.Made = 0
		}
		r.Add(&e)
		var got []string
		for _, h := range r.Holders(7, 99) {
			text := h.Email
			if !h.ByUs {
				text += "*"
			}
			if h.Suspended {
				text = "(" + text + ")"
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("after line %d (%s): %q, want %q", e.Number, e.Kind, got, c.want)
		}
	}
}

func TestAnExportNamesEveryFieldOnceAndTheSameInBothFormats(t *testing.T) {
	e := step(3, access.CreateAssignment, 1, 7)
	e.Run, e.Step, e.What, e.Why, e.Who, e.Anchor, e.GroupName, e.Role = 5, access.Digest{1}, "what", "why", "schedule", "corp:1", "HQ Staff", access.DoorAccess
	e.From, e.Until, e.Cause, e.Rule, e.Approval = 10, 20, "rule", "hq", &Approval{By: "eva", Why: "reorganization"}
	e.Held = "21 people, the limit is 20"
	e.Doors = []Door{{ID: 3, Name: "HQ / Main"}, {ID: 4, Stop: true}}
	var table, lines bytes.Buffer
	for format, b := range map[string]*bytes.Buffer{"csv": &table, "jsonl": &lines} {
		w, err := NewLineWriter(format, b)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&e); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewLineWriter("xml", &table); err == nil {
		t.Error("xml")
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	var object map[string]any
	if err := json.Unmarshal(lines.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	if len(object) != len(rows[0]) {
		t.Errorf("%d fields in one, %d in the other", len(object), len(rows[0]))
	}
	for i, name := range rows[0] {
		if object[name] == nil || rows[1][i] == "" {
			t.Errorf("%s is %v and %q", name, object[name], rows[1][i])
		}
	}
	if got := rows[1][12]; got != "HQ / Main; elevator stop 4" {
		t.Error(got)
	}
}

func FuzzNoCellIsAFormula(f *testing.F) {
	for _, s := range []string{"=1+1", " =1", "\t@SUM(A1)", "+49 30 1234", "-", "plain", "|x", "", "'", "＝1", "\u00a0=1", "\ufeff=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cell := sheet.Harmless(s)
		if strings.TrimPrefix(cell, "'") != strings.TrimPrefix(s, "'") {
			t.Errorf("%q became %q", s, cell)
		}
		bare := strings.TrimLeftFunc(cell, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '\ufeff' })
		for _, begin := range []string{"=", "+", "-", "@", "|", "＝", "＋", "－", "＠"} {
			if strings.HasPrefix(bare, begin) {
				t.Errorf("%q became %q, which begins with %s", s, cell, begin)
			}
		}
	})
}
