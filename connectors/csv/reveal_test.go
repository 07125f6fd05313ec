package csv

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

func TestTheRowsAboutSomebodyAreShownAsTheyAreWritten(t *testing.T) {
	path := file(t, "Number,E-mail,Name,Groups\n17,ana@x.example,Ana, Lab \n18,bo@x.example,\"Bo\nsecond line\",\n17,ana@x.example,Ana,Staff\n")
	s := settings(path)
	s.Columns.ID, s.Columns.Email, s.Columns.Name, s.Columns.Groups = "Number", "E-mail", "Name", "Groups"
	source := open(t, s).(connectors.Revealer)
	got, err := source.Reveal(t.Context(), &directory.Record{Kind: directory.PersonIs, ID: "17"})
	if err != nil {
		t.Fatal(err)
	}
	row := func(line, groups string) []directory.Attr {
		return []directory.Attr{{Name: "row", Values: []string{filepath.Base(path) + ":" + line}}, {Name: "Number", Values: []string{"17"}},
			{Name: "E-mail", Values: []string{"ana@x.example"}}, {Name: "Name", Values: []string{"Ana"}}, {Name: "Groups", Values: []string{groups}}}
	}
	if diff := cmp.Diff(append(row("2", " Lab "), row("5", "Staff")...), got); diff != "" {
		t.Error(diff)
	}
	if got, err := source.Reveal(t.Context(), &directory.Record{Kind: directory.PersonIs, ID: "19"}); err == nil {
		t.Errorf("of nobody: %v", got)
	}
}
