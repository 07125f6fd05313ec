package archtest

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of this package anew")

func read(t *testing.T, root string) *Tree {
	t.Helper()
	tree, err := Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestThisModuleKeepsTheHouseRules(t *testing.T) {
	tree := read(t, "../..")
	if tree.Module != "github.com/kisi-sync/kisi-sync" || len(tree.Packages) < 10 {
		t.Fatalf("read %d packages of %q; this is not the module", len(tree.Packages), tree.Module)
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			if report := rule.Report(rule.Check(tree)); report != "" {
				t.Error("\n" + report)
			}
		})
	}
}

// What was mended needs no exception any more.
func TestEachExceptionIsNeeded(t *testing.T) {
	needed := map[string]bool{}
	for _, v := range read(t, "../..").long() {
		needed[v.Name] = true
	}
	for name := range mayBeLonger() {
		if !needed[name] {
			t.Errorf("%s is not long, or not there; take it out of mayBeLonger", name)
		}
	}
}

// A rule that cannot fail is no rule: each has a tree in testdata that breaks it, and what it must say about it beside.
func TestEachRuleFindsWhatIsBroken(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			root := filepath.Join("testdata", rule.Name)
			report := rule.Report(rule.Check(read(t, root)))
			if report == "" {
				t.Fatal("finds nothing in its broken tree")
			}
			golden := root + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(report), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), report); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// Nor must a rule find fault with what is sound.
func TestNoRuleFindsFaultWithASoundTree(t *testing.T) {
	tree := read(t, "testdata/sound")
	for _, rule := range Rules() {
		if report := rule.Report(rule.Check(tree)); report != "" {
			t.Errorf("%s:\n%s", rule.Name, report)
		}
	}
}

// The words themselves must not stand in this repository, so they are put together here.
func TestEveryTraceOfABuildMachineIsFound(t *testing.T) {
	for _, line := range []string{
		"https://proxy." + "golang.org/x", "GOPROXY" + "=off", "registry." + "npmjs.org", "https://pypi." + "org/simple", "index.crates" + ".io",
		"cd /wo" + "rk/main", `"/ro` + `ot/go"`, "HOME=/ho" + "me/ana/src", `C:\Us` + `ers\ana`,
	} {
		tree, err := Read(fstest.MapFS{"docs/build.md": {Data: []byte("first line\n" + line + "\n")}})
		if err != nil {
			t.Fatal(err)
		}
		if found := checkTraces(tree); len(found) != 1 || found[0].Where != "docs/build.md:2" {
			t.Errorf("%q: found %v", line, found)
		}
	}
}
