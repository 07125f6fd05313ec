package list

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/listed"
)

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	calm := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, calm, calm); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, path string, asked ...string) connectors.Source {
	t.Helper()
	s, err := (&Settings{Path: filepath.Base(path)}).Open(connectors.Env{
		Name: "guests", Dir: filepath.Dir(path), Attributes: asked, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fetch(s connectors.Source, since directory.Cursor) ([]directory.Record, directory.Receipt, error) {
	var got []directory.Record
	receipt, err := s.Fetch(context.Background(), since, func(r *directory.Record) error { got = append(got, *r); return nil })
	return got, receipt, err
}

func TestPeopleAndGroupsComeAsTheyAreWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	write(t, path, `
attributes: [company, visit_ends, floor]
people:
  - {email: Ana@Partner.example, name: Ana Reis, company: Partner, visit_ends: 2026-12-31, floor: [1, 2]}
  - {id: 4711, name: Bo Li, active: false}
  - {id: x1, email: cy@partner.example, active: true}
groups:
  - {name: Auditors, members: [ANA@partner.example, 4711, stranger@else.example], groups: [guests]}
  - {name: Guests, id: g-1, members: []}
`)
	got, receipt, err := fetch(open(t, path, "company", "visit_ends", "floor"), directory.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	want := []directory.Record{
		{Kind: directory.PersonIs, ID: "ana@partner.example", Email: "Ana@Partner.example", Name: "Ana Reis",
			Attrs: []directory.Attr{{Name: "company", Values: []string{"Partner"}}, {Name: "visit_ends", Values: []string{"2026-12-31"}}, {Name: "floor", Values: []string{"1", "2"}}}},
		{Kind: directory.PersonIs, ID: "4711", Name: "Bo Li", Active: directory.No},
		{Kind: directory.PersonIs, ID: "x1", Email: "cy@partner.example", Active: directory.Yes},
		{Kind: directory.GroupIs, ID: "group:auditors", Name: "Auditors"},
		{Kind: directory.MembersFrom, ID: "group:auditors"},
		{Kind: directory.MemberIs, ID: "group:auditors", Member: directory.Ref{Kind: directory.ByMail, Value: "ana@partner.example"}},
		{Kind: directory.MemberIs, ID: "group:auditors", Member: directory.Ref{Kind: directory.ByID, Value: "4711"}},
		{Kind: directory.MemberIs, ID: "group:auditors", Member: directory.Ref{Kind: directory.ByMail, Value: "stranger@else.example"}},
		{Kind: directory.MemberIs, ID: "group:auditors", Member: directory.Ref{Kind: directory.ByID, Value: "g-1"}},
		{Kind: directory.GroupIs, ID: "g-1", Name: "Guests"},
		{Kind: directory.MembersFrom, ID: "g-1"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if receipt.Coverage != directory.Complete {
		t.Errorf("coverage is %v", receipt.Coverage)
	}
}

func TestAccessComesWithEachPersonAlsoThroughGroupsInGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	write(t, path, `
people:
  - {email: ana@partner.example, access: [Visitors, {group: Lab, role: group_manager, from: 2026-01-01, until: 2026-03-31, notify: true, why: audit, asked_by: lea, ticket: FAC-1}]}
  - {email: bo@partner.example, groups: [Painters], why: painter, ticket: FAC-2}
  - {email: cy@partner.example}
groups:
  - {name: Trades, groups: [Painters], members: [], access: [{group: Workshop, until: 2026-12-31}], why: house}
  - {name: Painters, members: [cy@partner.example], groups: [Trades]}
`)
	got, _, err := fetch(open(t, path, listed.Attribute), directory.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"ana@partner.example": {`{"group":"Visitors"}`, `{"group":"Lab","role":"group_manager","from":"2026-01-01","until":"2026-03-31","notify":true}`},
		"bo@partner.example":  {`{"group":"Workshop","until":"2026-12-31"}`},
		"cy@partner.example":  {`{"group":"Workshop","until":"2026-12-31"}`},
	}
	var members []string
	for _, r := range got {
		if r.Kind == directory.PersonIs {
			if d := cmp.Diff([]directory.Attr{{Name: listed.Attribute, Values: want[r.ID]}}, r.Attrs); d != "" {
				t.Errorf("%s (-want +got)\n%s", r.ID, d)
			}
		}
		if r.Kind == directory.MemberIs {
			members = append(members, r.ID+" "+r.Member.Value)
		}
	}
	if d := cmp.Diff([]string{"group:trades group:painters", "group:painters cy@partner.example", "group:painters bo@partner.example", "group:painters group:trades"}, members); d != "" {
		t.Errorf("members (-want +got)\n%s", d)
	}
}

func TestEveryProblemIsToldWithItsLine(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"empty file", "", []string{"f:1:1: the file is empty (a list without people says `people: []`)"}},
		{"only comments", "# nobody yet\n", []string{"f:1:1: the file is empty (a list without people says `people: []`)"}},
		{"people missing", "groups: []\n", []string{"f:1:1: people: is missing (a list without people says `people: []`)"}},
		{"people cut off", "people:\n", []string{"f:1:8: people: expected a list (write people: [] if it is meant to be empty)"}},
		{"cut in the middle of an entry", "people:\n  - {email: ana@example.com, na", []string{"f:2:1: cannot be read as YAML: did not find expected ',' or '}'"}},
		{"not UTF-8", "people: [\xff]", []string{"f:1:1: the file is not UTF-8 (save it as UTF-8)"}},
		{"two documents", "people: []\n---\npeople: []\n", []string{"f:2:1: a second YAML document begins here (remove the line --- before it)"}},
		{"a misspelt key, a bad address, a bad word, somebody twice", `people:
  - {emial: ana@example.com, id: a}
  - {email: ana.example.com}
  - {email: bo@example.com, active: perhaps}
  - {email: BO@example.com}
  - {name: Nobody}
`, []string{
			"f:2:6: unknown key emial (an attribute of your own must be listed under attributes: at the top)",
			`f:3:13: email: "ana.example.com" is not an e-mail address`,
			"f:4:37: active: expected true or false",
			`f:5:5: e-mail address "bo@example.com" is in line 4 already`,
			`f:5:5: id "bo@example.com" is in line 4 already`,
			"f:6:5: a person without email and id (give it an email or an id)",
		}},
		{"groups that do not fit", `people: []
groups:
  - {name: A, members: [ghost, a@example.com], groups: [B, C]}
  - {name: a, members: []}
  - {name: C, name: D}
  - {members: []}
  - just text
`, []string{
			`f:3:25: members: nobody has the id "ghost" (a member is an id from people, or an e-mail address)`,
			`f:3:57: groups: there is no group "B" (list it under groups: of the file)`,
			`f:4:5: group "a" is in line 3 already`,
			`f:4:5: id "group:a" is in line 3 already`,
			"f:5:15: name stands here twice (keep one of the two)",
			"f:6:5: a group without a name",
			"f:7:5: expected key: value (write it like {email: ana@example.com, name: Ana})",
			"f:7:5: a group without a name",
			`f:7:5: id "group:" is in line 6 already`,
		}},
		{"access that means nothing", `people:
  - email: ana@example.com
    access: [Visitors, {group: visitors}, {group: Lab, until: soon}, {place: HQ}, {grp: Lab}]
    groups: [Nobody]
    access: []
  - {email: bo@example.com, access: Visitors}
groups:
  - {name: Painters, members: [cy@example.com], access: [{group: Lab, from: 2026-03-02, until: 2026-03-01}, Lab]}
`, []string{
			"f:3:24: access: visitors is listed twice (keep one of the two)",
			`f:3:43: access: until "soon" is not a date (write 2026-03-31, a day, or 2026-03-31T18:00:00+02:00)`,
			"f:3:70: access: role is missing (a place and the organization have roles only; kisi-sync roles lists them)",
			"f:3:84: unknown key grp (write one of group, place, organization, role, from, until, notify, why, asked_by, ticket)",
			`f:4:14: groups: there is no group "Nobody" (list it under groups: of the file)`,
			"f:5:5: access stands here twice (keep one of the two)",
			"f:6:37: access: expected a list (write access: [] if it is meant to be empty)",
			`f:8:32: members: what "Painters" gives reaches people of this file only, and cy@example.com is not one (list the person under people, too)`,
			`f:8:58: access: until 2026-03-01 is before from: 2026-03-02 (correct one of the dates)`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := parse([]byte(c.file))
			got := strings.Split((&Invalid{"f", problems}).Error(), "\n")
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

func TestAMissingOrWrongFileIsNeverNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	if _, _, err := fetch(open(t, path), directory.Cursor{}); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a missing file says %v", err)
	}
	write(t, path, "")
	if got, _, err := fetch(open(t, path), directory.Cursor{}); !errors.As(err, new(*Invalid)) || len(got) > 0 {
		t.Errorf("an empty file says %v and puts %d records", err, len(got))
	}
	write(t, path, "people: []\n")
	if got, receipt, err := fetch(open(t, path), directory.Cursor{}); err != nil || len(got) > 0 || receipt.Coverage != directory.Complete {
		t.Errorf("a list that is said to be empty: %v, %v, %v", got, receipt, err)
	}
}

func TestAnUnchangedFileIsReadAsNoChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	write(t, path, "people: [{email: ana@example.com}]\n")
	_, first, err := fetch(open(t, path), directory.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := fetch(open(t, path), first.Next)
	if err != nil || len(got) > 0 || again.Coverage != directory.Delta || string(again.Next.Token) != string(first.Next.Token) {
		t.Errorf("again: %v, %+v, %v", got, again, err)
	}
	if got, other, err := fetch(open(t, path, "company"), first.Next); err != nil || len(got) != 1 || other.Coverage != directory.Complete {
		t.Errorf("with other attributes: %v, %+v, %v", got, other, err)
	}
	write(t, path, "people: [{email: bo@example.com}]\n")
	if got, changed, err := fetch(open(t, path), first.Next); err != nil || len(got) != 1 || changed.Coverage != directory.Complete {
		t.Errorf("changed: %v, %+v, %v", got, changed, err)
	}
}

func TestAFileThatIsBeingWrittenIsWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	synctest.Test(t, func(t *testing.T) {
		touch := func(content string) { // in one step, so that only its age tells
			fresh := path + ".new"
			write(t, fresh, content)
			if err := errors.Join(os.Chtimes(fresh, time.Now(), time.Now()), os.Rename(fresh, path)); err != nil {
				t.Error(err)
			}
		}
		touch("people:\n  - {email: ana@example.com}\n")
		time.AfterFunc(time.Second, func() { touch("people:\n  - {email: ana@example.com}\n  - {email: bo@example.com}\n") })
		got, _, err := fetch(open(t, path), directory.Cursor{})
		if err != nil || len(got) != 2 {
			t.Errorf("%v, %v: half a list was believed", got, err)
		}
		touch("people: []\n")
		stop := time.NewTicker(time.Second)
		defer stop.Stop()
		go func() {
			for range 30 {
				<-stop.C
				touch("people: []\n")
			}
		}()
		if _, _, err := fetch(open(t, path), directory.Cursor{}); err == nil || !strings.Contains(err.Error(), "is being written") {
			t.Errorf("a file that never rests says %v", err)
		}
		time.Sleep(time.Minute) // of the bubble's clock: lets the writer end
	})
}

func TestASettingWithoutAPathIsRefused(t *testing.T) {
	if f := (&Settings{}).Validate(); len(f) != 1 || f[0].Path != "path" {
		t.Errorf("findings are %+v", f)
	}
}

func TestCheckTellsWhatIsThereOrWhatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.yaml")
	check := func() []connectors.Finding { return open(t, path).(connectors.Checker).Check(context.Background()) }
	if f := check(); len(f) != 1 || f[0].Level != connectors.Problem {
		t.Errorf("a missing file: %+v", f)
	}
	write(t, path, "people: [{email: ana}, {nmae: x}]")
	if f := check(); len(f) != 3 || !strings.Contains(f[0].Text, "guests.yaml:1:1") {
		t.Errorf("a wrong file: %+v", f)
	}
	write(t, path, "people: [{email: ana@example.com}]")
	if f := check(); len(f) != 1 || f[0].Level != connectors.Good || f[0].Text != "1 people, 0 groups" {
		t.Errorf("a good file: %+v", f)
	}
}

// FuzzParse looks for a panic, and for a list that the Builder refuses although parse was content with it.
func FuzzParse(f *testing.F) {
	f.Add("people: [{email: ana@example.com}]\ngroups: [{name: A, members: [ana@example.com]}]")
	f.Add("attributes: [x]\npeople: [{id: 1, x: [a, b]}]\ngroups: [{name: A, members: [1], groups: [A]}]")
	f.Add("people: &a [*a]")
	f.Fuzz(func(t *testing.T, file string) {
		l, problems := parse([]byte(file))
		if len(problems) > 0 {
			return
		}
		b := directory.Build("fuzz", nil)
		if err := l.records([]string{listed.Attribute, "x"}, b.Put); err != nil {
			t.Fatalf("put: %v", err)
		}
		if _, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete}, nil); err != nil {
			t.Fatalf("seal: %v", err)
		}
	})
}
