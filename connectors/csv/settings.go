// Package csv reads people, groups and memberships from tables in files: what a personnel system exports every night, what an office
// keeps in a spreadsheet, or Kisi's own template for imports.
//
// It promises that only a file which was left alone, was whole and was the same from the first byte to the last is believed; that a row
// which cannot be used is told with its line and never makes anybody a leaver; that an empty table is an error unless the file says that it
// may be empty; and that the same file again is no change. It must not guess: not an encoding, not a separator of which two would fit, not
// what a column could mean.
package csv

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
)

// Settings is the block of a source of type csv. A complete one:
//
//	type: csv
//	path: /srv/hr/people.csv
//	columns: {id: Employee no, email: Mail, name: Name, active: Status, groups: Teams}
//
// Columns that have the names of the keys need not be mentioned.
type Settings struct {
	Path    string  `yaml:"path,omitempty" json:"path,omitempty" jsonschema:"description=The file with the people; or a folder with the files that files names. A relative path starts at the folder of the configuration file"`
	Files   Files   `yaml:"files,omitempty" json:"files,omitempty" jsonschema:"description=With a folder: the files in it. An asterisk stands for what changes in a name; of several files the one whose name sorts last is read"`
	Preset  string  `yaml:"preset,omitempty" json:"preset,omitempty" jsonschema:"enum=kisi_template,description=kisi_template for the columns of Kisi's own import"`
	Columns Columns `yaml:"columns,omitempty" json:"columns,omitempty" jsonschema:"description=What the header calls the columns of people"`

	GroupColumns      GroupColumns      `yaml:"group_columns,omitempty" json:"group_columns,omitempty" jsonschema:"description=What the header of the file of groups says"`
	MembershipColumns MembershipColumns `yaml:"membership_columns,omitempty" json:"membership_columns,omitempty" jsonschema:"description=What the header of the file of memberships says"`

	MutableID bool     `yaml:"mutable_id,omitempty" json:"mutable_id,omitempty" jsonschema:"description=There is no column that never changes: people are known by their address. Who gets another address looks like somebody who left and somebody who came; that is held"`
	Separator string   `yaml:"separator,omitempty" json:"separator,omitempty" jsonschema:"description=What stands between several values of one cell"`
	Split     []string `yaml:"split,omitempty" json:"split,omitempty" jsonschema:"description=Columns of attributes with several values in one cell; the groups are split anyway"`

	ActiveWords   []string `yaml:"active_words,omitempty" json:"active_words,omitempty" jsonschema:"description=What the column active says of those who may come in; beside yes and true and 1 and active and enabled"`
	DisabledWords []string `yaml:"disabled_words,omitempty" json:"disabled_words,omitempty" jsonschema:"description=What the column active says of those who may not; beside no and false and 0 and inactive and disabled"`

	Encoding  string `yaml:"encoding,omitempty" json:"encoding,omitempty" jsonschema:"description=The encoding when it is not UTF-8 and there is no byte order mark: windows-1252 for instance"`
	Delimiter string `yaml:"delimiter,omitempty" json:"delimiter,omitempty" jsonschema:"description=What stands between two columns when the header does not show it: a comma or semicolon or tab or bar"`

	BadRows         BadRows       `yaml:"bad_rows,omitempty" json:"bad_rows,omitempty" jsonschema:"description=How many rows may be unusable before the whole file is refused"`
	MayBeEmpty      bool          `yaml:"may_be_empty,omitempty" json:"may_be_empty,omitempty" jsonschema:"description=A header without rows means that there is nobody. Without it that is an error"`
	Settle          time.Duration `yaml:"settle,omitempty" json:"settle,omitempty" jsonschema:"description=How long a file must have been left alone before it is read"`
	DoneMarker      string        `yaml:"done_marker,omitempty" json:"done_marker,omitempty" jsonschema:"description=A file that is written after the others to say that they are whole. {file} stands for the name of each"`
	EndsWithNewline bool          `yaml:"ends_with_newline,omitempty" json:"ends_with_newline,omitempty" jsonschema:"description=The last line is ended by a line break; a file without it was cut off"`
	Footer          string        `yaml:"footer,omitempty" json:"footer,omitempty" jsonschema:"description=The first cell of the last row. The second is the number of rows between the header and it"`
}

// Files are the names in a folder.
type Files struct {
	People      string `yaml:"people,omitempty" json:"people,omitempty" jsonschema:"description=The file with the people; people.csv unless said"`
	Groups      string `yaml:"groups,omitempty" json:"groups,omitempty" jsonschema:"description=A file with the groups and their names"`
	Memberships string `yaml:"memberships,omitempty" json:"memberships,omitempty" jsonschema:"description=A file with a row for each member of each group"`
}

// Columns are what the header calls the columns of people. Empty ones are called as their key is.
type Columns struct {
	ID        string `yaml:"id,omitempty" json:"id,omitempty" jsonschema:"description=What never changes about somebody: the personnel number"`
	Email     string `yaml:"email,omitempty" json:"email,omitempty"`
	Name      string `yaml:"name,omitempty" json:"name,omitempty"`
	FirstName string `yaml:"first_name,omitempty" json:"first_name,omitempty" jsonschema:"description=With last_name in place of name"`
	LastName  string `yaml:"last_name,omitempty" json:"last_name,omitempty"`
	Active    string `yaml:"active,omitempty" json:"active,omitempty" jsonschema:"description=Whether somebody may come in: yes or no. Nothing at all means yes"`
	Groups    string `yaml:"groups,omitempty" json:"groups,omitempty" jsonschema:"description=The groups that somebody is in; several in one cell or one in each of several rows"`
}

// GroupColumns are what the header calls the columns of groups.
type GroupColumns struct {
	ID   string `yaml:"id,omitempty" json:"id,omitempty" jsonschema:"description=What never changes about a group"`
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
}

// MembershipColumns are what the header calls the columns of memberships.
type MembershipColumns struct {
	Group       string `yaml:"group,omitempty" json:"group,omitempty" jsonschema:"description=The id or the name of a group"`
	Member      string `yaml:"member,omitempty" json:"member,omitempty" jsonschema:"description=The id or the address of somebody in it"`
	MemberGroup string `yaml:"member_group,omitempty" json:"member_group,omitempty" jsonschema:"description=Or the id or the name of a group within it"`
}

// BadRows is how many rows may be unusable. Whichever is reached first counts, but one row is always borne unless People is 0.
type BadRows struct {
	People  int `yaml:"people" json:"people" jsonschema:"minimum=0,maximum=1000000,description=So many rows"`
	Percent int `yaml:"percent" json:"percent" jsonschema:"minimum=0,maximum=100,description=So many of a hundred rows"`
}

// allowed is how many of n rows may be unusable.
func (b BadRows) allowed(n int) int {
	return min(b.People, max(1, n*b.Percent/100))
}

// kisiTemplate is the preset for the columns of Kisi's own import.
const kisiTemplate = "kisi_template"

// New returns settings with their defaults.
func New() connectors.Config {
	return &Settings{Separator: ";", BadRows: BadRows{People: 10, Percent: 5}, Settle: 5 * time.Second}
}

var (
	_ connectors.Config        = (*Settings)(nil)
	_ connectors.Source        = (*source)(nil)
	_ connectors.Checker       = (*source)(nil)
	_ connectors.Readdressable = (*Settings)(nil)
)

// ByAddress says that people are known by their address.
func (s *Settings) ByAddress() bool { return s.MutableID }

// Validate returns every problem of the settings. It does not look at the files.
func (s *Settings) Validate() []connectors.Finding {
	v := &validation{}
	if s.Path == "" {
		v.add("path", "is missing", "write path: people.csv, or the folder of several files")
	}
	if s.Preset != "" && s.Preset != kisiTemplate {
		v.add("preset", fmt.Sprintf("there is no preset %q", s.Preset), "write kisi_template, or remove the key")
	}
	if s.Preset == kisiTemplate && !s.MutableID && s.Columns.ID == "" {
		v.add("preset", "Kisi's template has no column that never changes", "write mutable_id: true, or add such a column to the file and name it under columns.id")
	}
	if s.MutableID && s.Columns.ID != "" {
		v.add("mutable_id", "stands beside columns.id, and people are known by one of the two", "keep columns.id if that column never changes")
	}
	if s.Columns.Name != "" && s.Columns.FirstName+s.Columns.LastName != "" {
		v.add("columns.name", "stands beside first_name or last_name", "keep the one or the others")
	}
	s.validateFiles(v)
	s.validateText(v)
	s.validateLimits(v)
	return v.found
}

func (s *Settings) validateFiles(v *validation) {
	for _, f := range []struct{ path, name string }{{"files.people", s.Files.People}, {"files.groups", s.Files.Groups}, {"files.memberships", s.Files.Memberships}, {"done_marker", s.DoneMarker}} {
		if strings.ContainsAny(f.name, `/\`) {
			v.add(f.path, "is a path", "name a file of the folder that path names")
		} else if _, err := filepath.Match(f.name, ""); err != nil {
			v.add(f.path, "is not a name, nor a pattern of one", "an asterisk stands for what changes in a name")
		}
	}
	if s.GroupColumns != (GroupColumns{}) && s.Files.Groups == "" {
		v.warn("group_columns", "has no effect: no file of groups is named", "name it under files.groups")
	}
	if s.MembershipColumns != (MembershipColumns{}) && s.Files.Memberships == "" {
		v.warn("membership_columns", "has no effect: no file of memberships is named", "name it under files.memberships")
	}
	if s.Files.Memberships != "" && s.Columns.Groups != "" {
		v.add("columns.groups", "stands beside files.memberships, and both say who is in which group", "keep one of the two")
	}
}

func (s *Settings) validateText(v *validation) {
	if _, err := encodingCalled(s.Encoding); err != nil {
		v.add("encoding", err.Error(), "write utf-8, utf-16, windows-1252 or another name of the IANA's list")
	}
	if _, err := delimiterCalled(s.Delimiter); err != nil {
		v.add("delimiter", err.Error(), `write "," or ";" or "|" or tab`)
	}
	if s.Separator == "" || strings.ContainsAny(s.Separator, "\"\r\n") {
		v.add("separator", "cannot stand between values", `write separator: ";"`)
	}
	seen := map[string]string{}
	for _, list := range []struct {
		path  string
		words []string
	}{{"active_words", s.ActiveWords}, {"disabled_words", s.DisabledWords}} {
		for i, w := range list.words {
			path, folded := fmt.Sprintf("%s[%d]", list.path, i), fold(w)
			if folded == "" {
				v.add(path, "is empty", "nothing at all means yes already")
			} else if first, twice := seen[folded]; twice {
				v.add(path, fmt.Sprintf("%q is in %s already", w, first), "")
			}
			seen[folded] = list.path
		}
	}
}

func (s *Settings) validateLimits(v *validation) {
	if b := s.BadRows; b.People < 0 || b.Percent < 0 || b.Percent > 100 {
		v.add("bad_rows", "expected people of 0 or more, and percent from 0 to 100", "write bad_rows: {people: 10, percent: 5}")
	}
	if s.Settle < 0 || s.Settle > 10*time.Minute {
		v.add("settle", "expected a duration from 0s to 10m", "a file is read when it was left alone for so long")
	}
	if strings.ContainsAny(s.Footer, "\r\n\"") {
		v.add("footer", "cannot be the first cell of a row", "")
	}
}

// validation collects problems.
type validation struct{ found []connectors.Finding }

func (v *validation) add(path, text, hint string) {
	v.found = append(v.found, connectors.Finding{Path: path, Text: text, Hint: hint})
}

// warn adds what does not keep the settings from being used.
func (v *validation) warn(path, text, hint string) {
	v.found = append(v.found, connectors.Finding{Level: connectors.Warning, Path: path, Text: text, Hint: hint})
}

// Open returns the source without looking at the files.
func (s *Settings) Open(env connectors.Env) (connectors.Source, error) {
	for _, f := range s.Validate() {
		if f.Level == connectors.Problem {
			return nil, fmt.Errorf("invalid settings: %s: %s", f.Path, f.Text)
		}
	}
	path := s.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(env.Dir, path)
	}
	return &source{Settings: s, path: path, env: env, seen: map[string]sighting{}}, nil
}

// words returns what the column active may say, by the folded word.
func (s *Settings) words() map[string]bool {
	words := map[string]bool{}
	for _, w := range []string{"yes", "y", "true", "1", "active", "enabled"} {
		words[w] = true
	}
	for _, w := range []string{"no", "n", "false", "0", "inactive", "disabled"} {
		words[w] = false
	}
	for _, w := range s.ActiveWords {
		words[fold(w)] = true
	}
	for _, w := range s.DisabledWords {
		words[fold(w)] = false
	}
	return words
}

// fold makes words equal that differ in case and in blanks around them.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
