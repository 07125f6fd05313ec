package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
)

func TestTheListsOfCasesAndPromisesNameTestsThatExist(t *testing.T) {
	t.Parallel()
	var list []byte
	for _, page := range []string{"cases.md", "safety.md", "faults.md", "kisi-pages.md"} {
		text, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, text...)
	}
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(list), -1)
	if len(named) < 100 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("docs names %s, which does not exist", m[1])
		}
	}
}

func TestDecisionsAreNumberedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/decisions.md")
	if err != nil {
		t.Fatal(err)
	}
	entries := regexp.MustCompile(`(?m)^(\d+)\. \*\*`).FindAllStringSubmatch(string(text), -1)
	if len(entries) < 100 {
		t.Errorf("only %d decisions", len(entries))
	}
	for i, e := range entries {
		if e[1] != strconv.Itoa(i+1) {
			t.Fatalf("decision %s stands where %d should: perhaps two people took one number", e[1], i+1)
		}
	}
}

func TestTheTableOfKisisPagesProvesEachRowByAStoryOrATestThatExists(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/kisi-pages.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (.*) \|$`).FindAllStringSubmatch(string(page), -1)
	if len(rows) < 25 {
		t.Errorf("only %d rows", len(rows))
	}
	name := regexp.MustCompile("`(\\w+)`")
	for _, row := range rows {
		cells := strings.Split(row[1], " | ")
		feature, proof := cells[0], cells[len(cells)-1]
		if proof == "proof" {
			continue
		}
		names := name.FindAllStringSubmatch(proof, -1)
		if len(cells) != 4 || len(names) == 0 {
			t.Errorf("the row %q is proved by nothing", feature)
		}
		for _, m := range names {
			if strings.HasPrefix(m[1], "Test") {
				continue // the list of names above
			}
			if _, err := os.Stat("../../cmd/kisi-sync/testdata/" + m[1] + ".txtar"); err != nil {
				t.Errorf("the row %q names the story %s, which does not exist", feature, m[1])
			}
		}
	}
}

func TestTheListOfFaultsLeavesNoneOut(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range kisisim.Variations()[1:] {
		if !strings.Contains(string(text), "\n- "+v.Name+"\n") {
			t.Errorf("docs/faults.md does not list %q", v.Name)
		}
	}
	for _, f := range moreLies() {
		kind := regexp.MustCompile(`^(null|without|lose rows|slow)\b.*`).ReplaceAllString(f.String(), "$1")
		kind = regexp.MustCompile(`^total ([+-])\d+`).ReplaceAllString(kind, "total ${1}1")
		if !strings.Contains(string(text), kind) {
			t.Errorf("docs/faults.md does not name %q", f)
		}
	}
}
