package ldap

import (
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// A misspelt attribute, one that nobody has, and one that the account may not read look the same in every answer; the schema tells the first.
func TestAnAttributeThatNobodyHasIsToldByWhyItMayBe(t *testing.T) {
	s := slapd.Start(t, slapd.Options{Load: slapd.Population{People: 5}.Write, Access: []string{"attrs=title by * none"}})
	s.Replace(slapd.PersonDN(1), slapd.Attributes{"title": {"Head"}})
	got := open(t, settingsFor(t, s), "departmentNumber", "departmentNumer", "title").(connectors.Checker).Check(t.Context())
	for attribute, want := range map[string]connectors.Finding{
		"departmentNumer": {Level: connectors.Warning, Text: "the server knows no attribute departmentNumer", Hint: "spelled"},
		"title":           {Level: connectors.Warning, Text: "nobody has title", Hint: "let the account read it"},
	} {
		told := false
		for _, f := range got {
			told = told || f.Level == want.Level && f.Path == "attributes" && strings.Contains(f.Text, want.Text) && strings.Contains(f.Hint, want.Hint)
		}
		if !told {
			t.Errorf("%s: %+v", attribute, got)
		}
	}
	for _, f := range got {
		if strings.Contains(f.Text, "departmentNumber,") {
			t.Errorf("what people have: %+v", f)
		}
	}
}
