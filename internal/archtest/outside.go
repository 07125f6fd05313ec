package archtest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// checkModules reads go.mod: what is replaced there builds on one machine only, and some modules are not for this house.
func checkModules(t *Tree) []Violation {
	var all []Violation
	for _, text := range t.Texts {
		if path.Base(text.Path) != "go.mod" || hidden(text.Path) {
			continue
		}
		for i, line := range strings.Split(text.Body, "\n") {
			code, _, _ := strings.Cut(line, "//")
			fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(code), "require "))
			direct := !strings.Contains(line, "// indirect")
			if what := modProblem(fields, direct); what != "" {
				all = append(all, Violation{Where: fmt.Sprintf("%s:%d", text.Path, i+1), What: what})
			}
		}
	}
	for f := range t.files {
		for name, spec := range f.imports() {
			if assertion(name) {
				all = append(all, t.at(spec, "imports %s", name))
			}
		}
	}
	return all
}

// modProblem examines one line of go.mod.
func modProblem(fields []string, direct bool) string {
	switch {
	case len(fields) == 0:
		return ""
	case fields[0] == "replace" || slices.Contains(fields, "=>"):
		return "replaces a module"
	case len(fields) < 2 || !strings.HasPrefix(fields[1], "v"):
		return ""
	}
	host, _, _ := strings.Cut(fields[0], "/")
	switch {
	case !strings.Contains(host, ".") || private(host):
		return fields[0] + " is not a public module"
	case direct && assertion(fields[0]):
		return "requires " + fields[0]
	}
	return ""
}

// private says that a host is of somebody's own network.
func private(host string) bool {
	own := []string{".local", ".internal", ".lan", ".corp", ".test", ".example"}
	digits := strings.Trim(host, "0123456789.:") == ""
	return digits || slices.ContainsFunc(own, func(end string) bool { return strings.HasSuffix(host, end) })
}

// assertion says that a module is a language of its own for tests, or makes mocks.
func assertion(module string) bool {
	kinds := []string{"github.com/stretchr/testify", "github.com/onsi/ginkgo", "github.com/onsi/gomega", "github.com/golang/mock", "go.uber.org/mock", "github.com/vektra/mockery"}
	return slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(module, kind) })
}

// traces matches what only a build machine knows: hosts that hand out packages, and folders of its own. The words are put
// together here so that this file does not match itself.
func traces() *regexp.Regexp {
	hosts := []string{"proxy." + "golang" + ".org", "sum." + "golang" + ".org", "registry." + "npmjs", "registry." + "yarnpkg", "pypi." + "org", "files." + "pythonhosted", "crates" + ".io", "rubygems" + ".org", "deb." + "debian", "arti" + "factory", "GOPROXY" + "="}
	folders := []string{"/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z0-9_-]+/", "/Us" + "ers/[A-Za-z]", "C:" + `\\Us` + "ers"}
	quoted := make([]string, len(hosts))
	for i, host := range hosts {
		quoted[i] = regexp.QuoteMeta(host)
	}
	return regexp.MustCompile(`(?i:` + strings.Join(quoted, "|") + `)|(^|[\s"'` + "`" + `=(:])(` + strings.Join(folders, "|") + `)`)
}

// checkTraces reports such words in any file that is text.
func checkTraces(t *Tree) []Violation {
	var all []Violation
	pattern := traces()
	for _, text := range t.Texts {
		for _, found := range pattern.FindAllStringIndex(text.Body, -1) {
			line := 1 + strings.Count(text.Body[:found[1]], "\n")
			word := strings.TrimSpace(text.Body[found[0]:found[1]])
			all = append(all, Violation{Where: fmt.Sprintf("%s:%d", text.Path, line), What: fmt.Sprintf("names %q", word)})
		}
	}
	return all
}
