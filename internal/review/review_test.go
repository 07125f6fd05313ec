package review

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// ofServerRoom is a review with somebody of each kind.
func ofServerRoom(t testing.TB) *Review {
	at := time.Date(2026, 3, 15, 9, 30, 0, 0, berlin(t))
	return &Review{
		Of: "HQ / Server Room", Kind: "door", Organization: "Nordlicht", At: at, By: "lea", Version: "1.2.3",
		Rows: []Row{
			{Name: "Ana Reis", Address: "ana@example.com", Kind: "person", User: 7, Group: "Server Room", GroupID: 9, Role: "door_access", Opens: "yes", Source: "corp",
				Why: "rule servers: member of sysadmins", Since: at.AddDate(-1, 0, 0), Evidence: "audit trail, line 12", Used: at.Add(-time.Hour), Card: "yes"},
			{Name: "Di Novák", Address: "di@example.com", Kind: "person", User: 8, Group: "Server Room", GroupID: 9, Role: "door_access", Opens: "suspended", Source: "corp",
				Why: "rule servers: member of sysadmins", Since: at.AddDate(0, -1, 0), Evidence: "audit trail, line 14", Until: at.AddDate(0, 1, 0), Card: "no", Next: "is taken"},
			{Name: "Mira", Kind: "guest", User: 5, Group: "Server Room", GroupID: 9, Role: "door_access", Opens: "yes", Why: "given by others in Kisi", Card: "not known"},
		},
		Roles: []Role{{"olga@example.com", "Organization owner", "in the organization"}},
		Notes: []string{"These are rights as Kisi showed them."},
	}
}

func (r *Review) text(t testing.TB, write func(*Review, *bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(r, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asCSV(r *Review, b *bytes.Buffer) error  { return r.WriteCSV(b) }
func asPage(r *Review, b *bytes.Buffer) error { return r.WritePage(b) }

func TestTheTableHasALineForEachRight(t *testing.T) {
	want := strings.Join([]string{
		"decision,remark,name,address,kind,group,role,opens_now,source,why,since,evidence,until,last_unlock,card,next_run,review_of,looked_at,user_id,group_id",
		`,,Ana Reis,ana@example.com,person,Server Room,door_access,yes,corp,rule servers: member of sysadmins,2025-03-15,"audit trail, line 12",,2026-03-15,yes,,HQ / Server Room,2026-03-15T09:30:00+01:00,7,9`,
		`,,Di Novák,di@example.com,person,Server Room,door_access,suspended,corp,rule servers: member of sysadmins,2026-02-15,"audit trail, line 14",2026-04-15,never,no,is taken,HQ / Server Room,2026-03-15T09:30:00+01:00,8,9`,
		",,Mira,,guest,Server Room,door_access,yes,,given by others in Kisi,,,,not known,not known,,HQ / Server Room,2026-03-15T09:30:00+01:00,5,9", "",
	}, "\r\n")
	got := ofServerRoom(t).text(t, asCSV)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestThePageTellsEachRightAndAsksForASignature(t *testing.T) {
	got := ofServerRoom(t).text(t, asPage)
	for _, want := range []string{
		"<title>Access review: HQ / Server Room, 2026-03-15</title>", "Nordlicht · door · as of 2026-03-15 09:30 CET · 3 rights · asked for by lea · kisi-sync 1.2.3",
		"Ana Reis", "audit trail, line 12", `<span class="warn">suspended</span>`, "next run: is taken", "no end", "Signature", "olga@example.com: Organization owner in the organization",
		"These are rights as Kisi showed them.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, foreign := range []string{"http", "src=", "href=", "url(", "@import", "<script", "<img", "<link", "onload"} {
		if strings.Contains(strings.ReplaceAll(got, "http-equiv", ""), foreign) {
			t.Errorf("the page has %q: it must need nothing from anywhere", foreign)
		}
	}
}

func TestTheSameReviewIsTheSameBytes(t *testing.T) {
	for _, write := range []func(*Review, *bytes.Buffer) error{asCSV, asPage} {
		if one, other := ofServerRoom(t).text(t, write), ofServerRoom(t).text(t, write); one != other {
			t.Error(cmp.Diff(one, other))
		}
	}
}

// wicked are names that somebody may give himself in a directory.
func wicked() []string {
	return []string{`=HYPERLINK("http://evil.example","x")`, "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "a\r\n=cmd|' /C calc'!A0", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`,
		"{{.Notes}}", "\x1b[2J", "\u202egnp.exe", "a\x00b", "\xff\xfe", "javascript:alert(1)", "</style><style>*{display:none}", "-->", "&amp;"}
}

func TestNoNameIsAFormulaOrMarkup(t *testing.T) {
	plain := named(t, "plain").text(t, asPage)
	for _, name := range wicked() {
		r := named(t, name)
		checkCSV(t, r)
		got := r.text(t, asPage)
		for _, mark := range []string{"<", "\x1b", "\x00", "\u202e"} { // markup of the page alone, whatever people are called
			if strings.Count(plain, mark) != strings.Count(got, mark) {
				t.Errorf("%q: the page has %d %q, want %d", name, strings.Count(got, mark), mark, strings.Count(plain, mark))
			}
		}
	}
}

// named is a review in which everything has one name.
func named(t testing.TB, name string) *Review {
	r := ofServerRoom(t)
	row := &r.Rows[0]
	r.Of, r.Organization, r.By = name, name, name
	row.Name, row.Address, row.Group, row.Why, row.Source, row.Evidence, row.Next = name, name, name, name, name, name, name
	r.Roles[0], r.Notes[0] = Role{name, name, name}, name
	return r
}

func checkCSV(t *testing.T, r *Review) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(r.text(t, asCSV))).ReadAll()
	if err != nil || len(rows) != len(r.Rows)+1 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, cells := range rows {
		for _, cell := range cells {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) || strings.ContainsFunc(cell, func(c rune) bool { return c < ' ' }) {
				t.Errorf("the cell %q is computed, or breaks the line", cell)
			}
		}
	}
}

func TestALargeReviewIsWrittenAtOnce(t *testing.T) {
	r := ofServerRoom(t)
	for i := range 5000 {
		row := r.Rows[0]
		row.Name, row.User = fmt.Sprintf("Person %d", i), int64(i)
		r.Rows = append(r.Rows, row)
	}
	if n := strings.Count(r.text(t, asPage), "<tr>"); n != len(r.Rows)+2 {
		t.Errorf("%d lines", n)
	}
}
