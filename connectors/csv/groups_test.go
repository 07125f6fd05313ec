package csv

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/connectortest"
)

// folder is a source of three files.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T, people, groups, memberships string) folder {
	f := folder{t, t.TempDir()}
	f.write("people.csv", people)
	f.write("groups.csv", groups)
	f.write("memberships.csv", memberships)
	return f
}

func (f folder) write(name, text string) {
	f.t.Helper()
	write(f.t, filepath.Join(f.dir, name), text)
}

func (f folder) settings() *Settings {
	s := settings(f.dir)
	s.Files = Files{Groups: "groups.csv", Memberships: "memberships.csv"}
	s.BadRows.Percent = 50
	return s
}

const (
	somePeople  = "id,email,name\n1,ana@x.com,Ana\n2,bo@x.com,Bo\n3,cy@x.com,Cy\n"
	someGroups  = "id,name\n1,Lab\n2,Roof\n3,Cellar\n"
	someMembers = "group,member,member_group\n1,1,\n1,bo@x.com,\nRoof,3,\nRoof,,Cellar\n3,2,\n"
)

func TestGroupsAndMembersMayHaveFilesOfTheirOwn(t *testing.T) {
	r := read(t, newFolder(t, somePeople, someGroups, someMembers).settings())
	for group, want := range map[string][]string{"Lab": {"ana@x.com", "bo@x.com"}, "Roof": {"bo@x.com", "cy@x.com"}, "Cellar": {"bo@x.com"}} {
		if got := r.Members(group); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", group, got, want)
		}
	}
	if len(r.Receipt.Remarks) > 0 || r.Receipt.Proof.Pages != 3 || r.Receipt.Proof.Entries != 11 {
		t.Errorf("%+v", r.Receipt)
	}
}

func TestAMembershipThatCannotBeReadTakesNobodyOut(t *testing.T) {
	for name, c := range map[string]struct {
		edit string // of what follows the header
		lab  []string
		roof []string
		want string
	}{
		"no member":            {"1,,\nRoof,3,\n", []string{"ana@x.com", "bo@x.com"}, []string{"cy@x.com"}, "names no member"},
		"two members":          {"1,1,2\nRoof,3,\n", []string{"ana@x.com", "bo@x.com"}, []string{"cy@x.com"}, "names a person and a group"},
		"no group":             {",1,\nRoof,3,\n", []string{"ana@x.com", "bo@x.com"}, []string{"bo@x.com", "cy@x.com"}, "names no group"},
		"a group that is none": {"Attic,1,\nRoof,3,\n", []string{"ana@x.com", "bo@x.com"}, []string{"bo@x.com", "cy@x.com"}, "there is no group \"Attic\""},
		"too many columns":     {"1,1,,,\nRoof,3,\n", []string{"ana@x.com", "bo@x.com"}, []string{"bo@x.com", "cy@x.com"}, "has 5 columns"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, somePeople, someGroups, someMembers)
			r := connectortest.Follow(t, open(t, f.settings()))
			r.Full()
			f.write("memberships.csv", "group,member,member_group\n"+c.edit)
			r.Changes()
			if lab, roof := r.Members("Lab"), r.Members("Roof"); !slices.Equal(lab, c.lab) || !slices.Equal(roof, c.roof) {
				t.Errorf("Lab is %v, Roof is %v", lab, roof)
			}
			if all := strings.Join(r.Receipt.Remarks, "\n"); !strings.Contains(all, c.want) {
				t.Error(all)
			}
			f.write("memberships.csv", "group,member,member_group\nRoof,3,\n")
			if r.Changes(); len(r.Members("Lab")) > 0 {
				t.Errorf("mended, Lab is %v", r.Members("Lab"))
			}
			r.SameAsFull()
		})
	}
}

func TestAGroupThatCannotBeReadStaysAsItWas(t *testing.T) {
	for name, c := range map[string]struct {
		groups string
		lab    string // what is found under its name
		want   string
	}{
		"without a name": {"id,name\n1,\n2,Roof\n3,Cellar\n", "Lab", "a group without a name"},
		"twice":          {"id,name\n1,Lab\n1,Hall\n2,Roof\n3,Cellar\n", "Lab", "group \"1\" is in line 2 already"},
		"without an id":  {"id,name\n1,Lab\n,Hall\n2,Roof\n3,Cellar\n", "Lab", "a group without an id"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, somePeople, someGroups, someMembers)
			r := connectortest.Follow(t, open(t, f.settings()))
			r.Full()
			f.write("groups.csv", c.groups)
			r.Changes()
			if got := r.Members(c.lab); len(got) != 2 {
				t.Errorf("Lab is %v", got)
			}
			if all := strings.Join(r.Receipt.Remarks, "\n"); !strings.Contains(all, c.want) {
				t.Error(all)
			}
		})
	}
}

func TestANameOfTwoGroupsMeansNeither(t *testing.T) {
	f := newFolder(t, somePeople, someGroups+"4,roof\n", someMembers)
	r := read(t, f.settings())
	if all := strings.Join(r.Receipt.Remarks, "\n"); !strings.Contains(all, "several groups are called \"Roof\"") {
		t.Error(all)
	}
}

// Each column of Kisi's own template is used, or is refused with a reason (kisi-api 7.3).
func TestKisisTemplateIsUnderstood(t *testing.T) {
	const template = "email,name,image,password_flow,role_id,group_ids,credential_token,backup_credential_token\n" +
		"ana@x.com,Ana,,,basic,12;13,,\nbo@x.com,Bo,https://x.com/bo.png,true,administrator,12,12345678,87654321\ncy@x.com,Cy,,,,,,\n"
	s := settings(file(t, template))
	if got := failure(t, open(t, s)); !strings.Contains(got, "mutable_id: true") {
		t.Error(got)
	}
	s.MutableID = true
	for _, s.Preset = range []string{"", kisiTemplate} {
		r := read(t, s)
		if a, b := r.Members("12"), r.Members("13"); len(a) != 2 || len(b) != 1 {
			t.Errorf("12 is %v, 13 is %v", a, b)
		}
		all := strings.Join(r.Receipt.Remarks, "\n")
		for _, want := range []string{
			"column image is not used in 1 row (the first is line 3): kisi-sync does not handle pictures",
			"column password_flow is not used in 1 row (the first is line 3): how people log in is said once for all, by kisi.new_users",
			"column role_id is not used in 1 row (the first is line 3): kisi-sync gives nobody a role in the organization",
			"column credential_token is not used in 1 row (the first is line 3): kisi-sync does not assign cards",
			"column backup_credential_token is not used in 1 row",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("%s\nwant %s", all, want)
			}
		}
	}
}

func TestCheckTellsWhatIsInTheFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "people.csv"), "sep=;\r\nid;email;name;Office\r\n1;ana@x.com;Ana;3\r\n2;bo.x.com;Bo;4\r\n;;;\r\n3;cy@x.com;Cy;5\r\n")
	write(t, filepath.Join(dir, "groups.csv"), someGroups)
	var all []string
	for _, f := range open(t, settings(dir)).(connectors.Checker).Check(t.Context()) {
		all = append(all, [...]string{"✗", "!", "✓"}[f.Level]+" "+f.Text)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{
		"✓ people.csv: 3 rows, UTF-8, columns separated by semicolons, written 1 minute ago; 1 of them cannot be used; and 1 without a single value",
		"✓ people.csv: nobody reads the columns Office",
		"✓ 3 people, known by id; 0 groups",
		"! people.csv:4: the address \"bo.x.com\" is",
		"! groups.csv lies in the folder and is not read",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nwant %s", text, want)
		}
	}
	write(t, filepath.Join(dir, "people.csv"), "number,mail\n1,2\n")
	f := open(t, settings(dir)).(connectors.Checker).Check(t.Context())
	if len(f) != 1 || f[0].Level != connectors.Problem || f[0].Hint == "" || !strings.HasSuffix(f[0].Text, "people.csv:1: the header has no column id") {
		t.Errorf("%+v", f)
	}
}

func TestEachProblemOfTheSettingsIsTold(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"":                   func(*Settings) {},
		"path":               func(s *Settings) { s.Path = "" },
		"preset":             func(s *Settings) { s.Preset = "okta" },
		"preset ":            func(s *Settings) { s.Preset = kisiTemplate },
		"mutable_id":         func(s *Settings) { s.MutableID, s.Columns.ID = true, "Number" },
		"columns.name":       func(s *Settings) { s.Columns.Name, s.Columns.LastName = "Name", "Family" },
		"files.people":       func(s *Settings) { s.Files.People = "a/b.csv" },
		"files.groups":       func(s *Settings) { s.Files.Groups = "[.csv" },
		"done_marker":        func(s *Settings) { s.DoneMarker = `..\done` },
		"group_columns":      func(s *Settings) { s.GroupColumns.ID = "Number" },
		"membership_columns": func(s *Settings) { s.MembershipColumns.Group = "Team" },
		"columns.groups":     func(s *Settings) { s.Files.Memberships, s.Columns.Groups = "m.csv", "Teams" },
		"encoding":           func(s *Settings) { s.Encoding = "ebcdic-klingon" },
		"delimiter":          func(s *Settings) { s.Delimiter = "::" },
		"separator":          func(s *Settings) { s.Separator = "" },
		"active_words[0]":    func(s *Settings) { s.ActiveWords = []string{" "} },
		"disabled_words[1]":  func(s *Settings) { s.ActiveWords, s.DisabledWords = []string{"ja"}, []string{"nein", "JA"} },
		"bad_rows":           func(s *Settings) { s.BadRows.Percent = 101 },
		"settle":             func(s *Settings) { s.Settle = -1 },
		"footer":             func(s *Settings) { s.Footer = "a\nb" },
	} {
		s := settings("people.csv")
		change(s)
		var got []string
		for _, f := range s.Validate() {
			got = append(got, f.Path)
			if f.Text == "" {
				t.Errorf("%s: no text", want)
			}
		}
		if strings.Join(got, " ") != strings.TrimSpace(want) {
			t.Errorf("%q: %v", want, got)
		}
	}
}

func TestCheckTellsTheRowsOfAFileThatIsRefusedBecauseOfThem(t *testing.T) {
	path := file(t, "id,email\n1,ana@example.com\n2,bo\n3,cy\n4,di\n5,ed\n")
	f := open(t, settings(path)).(connectors.Checker).Check(t.Context())
	if len(f) != 5 || f[0].Level != connectors.Problem || !strings.Contains(f[0].Text, "4 of 5 rows cannot be used") {
		t.Fatalf("%+v", f)
	}
	if last := f[4]; last.Level != connectors.Warning || !strings.Contains(last.Text, `people.csv:6: the address "ed" is`) {
		t.Errorf("the last row is told as %+v", last)
	}
}
