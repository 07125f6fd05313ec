package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const mainFile = `mode: observe
installation: berlin-1
kisi:
  organization: {domain: acme}
  api_key: {file: key}
  new_users: managed
sources:
  corp: {type: tree, url: "ldaps://dc1.example.com", base: "dc=example,dc=com", emails: [example.com], attributes: {dept: d}}
groups:
  HQ Staff: {scope: organization}
include: [rules/lab.yaml, more.yaml]
`

// manyFiles writes files beside a main one and returns its path.
func manyFiles(t *testing.T, main string, others map[string]string) string {
	t.Helper()
	path := inFolder(t, "config.yaml", []byte(main))
	for name, text := range others {
		whole := filepath.Join(filepath.Dir(path), name)
		if err := os.MkdirAll(filepath.Dir(whole), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(whole, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestIncludedFilesAreOneConfiguration(t *testing.T) {
	path := manyFiles(t, mainFile, map[string]string{
		"rules/lab.yaml": `
include: [../groups.yaml]
conditions: {it: person.dept == "IT"}
rules:
  - {name: lab, from: {source: corp, group: staff}, where: it, grant: Lab}
expect: [{person: ana@example.com, has: [Lab]}]
`,
		"groups.yaml": "groups:\n  Lab: {scope: organization}\nsensitive_doors: [HQ / Garage]\n",
		"more.yaml":   "rules:\n  - {name: hq, from: {source: corp, group: staff}, grant: HQ Staff}\n",
	})
	s, err := testLoader().Load(path)
	if err != nil {
		t.Fatal(err)
	}
	spec := s.MappingSpec()
	if len(spec.Rules) != 2 || len(spec.Groups) != 2 || len(spec.Conditions) != 1 || len(s.Expect) != 1 || len(spec.SensitiveDoors) != 1 {
		t.Errorf("%+v", spec)
	}
	if e := s.Expect[0]; filepath.Base(e.File) != "lab.yaml" || e.Line != 6 {
		t.Errorf("the expectation stands in %s:%d", e.File, e.Line)
	}
	var names []string
	for _, f := range s.Included() {
		names = append(names, filepath.Base(f))
	}
	if diff := cmp.Diff([]string{"lab.yaml", "groups.yaml", "more.yaml"}, names); diff != "" {
		t.Error(diff)
	}
	shown, err := s.Show()
	if err != nil || strings.Contains(string(shown), "include") {
		t.Fatalf("%v\n%s", err, shown)
	}
	again, err := testLoader().Load(inFolder(t, "config.yaml", shown))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(spec.Rules, again.MappingSpec().Rules); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "more.yaml"), []byte("rules: []\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	changed, err := testLoader().Load(path)
	if err != nil || changed.Digest == s.Digest {
		t.Errorf("a change of an included file is none of the configuration: %v", err)
	}
}

func TestWhatIsWrongWithAnIncludedFileNamesThatFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the messages speak of modes of files and have slashes")
	}
	for _, c := range []struct {
		name   string
		others map[string]string
		want   string
	}{
		{"missing", map[string]string{"more.yaml": "rules: []\n"}, `config.yaml:11: include: read rules/lab.yaml: no such file or directory`},
		{"a misspelt attribute", map[string]string{"rules/lab.yaml": "rules:\n  - {name: lab, from: {source: corp, group: staff}, grant: Lab}\n",
			"more.yaml": "rules:\n  - name: hq\n    from: {source: corp, group: staff}\n    where: person.dep == \"IT\"\n    grant: HQ Staff\n  - {name: hq, from: {source: corp, group: x}, grant: HQ Staff}\n"},
			`more.yaml:4: rules[1].where: source corp declares no attribute dep
 | person.dep == "IT"
 | .......^
  hint: did you mean "dept"?
more.yaml:6: rules[2].name: there are two rules named "hq"
rules/lab.yaml:2: rules[0].grant[0]: the file declares no group "Lab"
  hint: there is "HQ Staff"`},
		{"a group twice", map[string]string{"rules/lab.yaml": "rules: []\n", "more.yaml": "groups:\n  Lab: {scope: organization}\n  HQ Staff: {scope: organization}\n  Lab: {scope: organization}\n"},
			`more.yaml:3: groups.HQ Staff: is there twice; the first is in the main file:10
  hint: keep one of them
more.yaml:4: groups.Lab: is there twice; the first is in line 2
  hint: keep one of them`},
		{"what belongs elsewhere", map[string]string{"rules/lab.yaml": "mode: full\nruls: []\n", "more.yaml": "rules: {a: b}\n"},
			`config.yaml: rules: expected a list, got a mapping (key: value)`},
		{"a circle", map[string]string{"rules/lab.yaml": "include: ../more.yaml\n", "more.yaml": "include: [rules/lab.yaml]\nrules: []\n"},
			`config.yaml:11: include: more.yaml is included twice
  hint: keep one of them
more.yaml:1: include: rules/lab.yaml includes itself, perhaps by way of others
  hint: leave out one of the includes`},
		{"no YAML", map[string]string{"rules/lab.yaml": "rules: [\n", "more.yaml": "- a\n"},
			`more.yaml:1: expected settings as ` + "`key: value`" + `, got a list
  hint: begin with rules: or groups:
rules/lab.yaml:2: a value is missing or cut off`},
		{"an anchor", map[string]string{"rules/lab.yaml": "rules:\n  - &a {name: lab, from: {source: corp, group: staff}, grant: HQ Staff}\n", "more.yaml": "\n"},
			`more.yaml: the file is empty
  hint: ` + "`kisi-sync init`" + ` writes one to start from
rules/lab.yaml:2: rules[0]: &a is not supported
  hint: write the value out wherever it counts, and remove the &a`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := manyFiles(t, mainFile, c.others)
			_, err := testLoader().Load(path)
			var problems *Problems
			if !errors.As(err, &problems) {
				t.Fatal(err)
			}
			dir := filepath.Dir(path)
			got := strings.ReplaceAll(strings.ReplaceAll(err.Error(), dir+"/config.yaml", "config.yaml"), dir+"/rules/lab.yaml:", "rules/lab.yaml:")
			got = strings.ReplaceAll(strings.ReplaceAll(got, dir+"/more.yaml", "more.yaml"), dir, "DIR")
			if c.name == "what belongs elsewhere" {
				for _, part := range []string{"rules/lab.yaml:1: mode: does not belong in an included file", "rules/lab.yaml:2: ruls: does not belong", "more.yaml:1: rules: expected a list"} {
					if !strings.Contains(got, part) {
						t.Errorf("%s lacks %s", got, part)
					}
				}
				return
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestAnIncludedFileThatAnybodyMayChangeIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("mode bits say nothing there")
	}
	path := manyFiles(t, mainFile, map[string]string{"rules/lab.yaml": "rules: []\n", "more.yaml": "conditions: {}\n"})
	more := filepath.Join(filepath.Dir(path), "more.yaml")
	if err := os.Chmod(more, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := testLoader().Load(path)
	if err == nil || !strings.HasPrefix(err.Error(), more+": every account of this machine may change the file") {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(more, 0o660); err != nil {
		t.Fatal(err)
	}
	s, err := testLoader().Load(path)
	if err != nil || len(s.Warnings) == 0 || s.Warnings[len(s.Warnings)-1].File != more {
		t.Errorf("%v %+v", err, s)
	}
}
