// Package archtest holds the house rules as tests: which package may import which, what every package must say about itself,
// and what none may do.
//
// A rule reads source files and nothing else: no build, no network. Each says why it is there and how to mend what it found,
// and is tried on a small broken tree in testdata, so that it is known to be able to fail. A rule that hurts is changed here, in
// a commit of its own; nobody works around it. Nothing but tests imports this package.
package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Tree is the source of a module.
type Tree struct {
	Module   string     // its path, as go.mod says
	Packages []*Package // sorted by folder
	Texts    []Text     // every file that is text, sorted by path
	fset     *token.FileSet
}

// Package is one folder with Go files, tests included.
type Package struct {
	Folder string // from the module's root, with slashes: "sync/plan"
	Files  []*File
}

// File is one parsed Go file.
type File struct {
	Path   string
	Folder string
	Test   bool // its name ends in _test.go
	Lines  int
	AST    *ast.File
}

// Text is any file that is text.
type Text struct{ Path, Body string }

// Violation is one place where a rule is broken.
type Violation struct {
	Where string // "folder/file.go:12", or a folder
	Name  string // what lists of exceptions call it, "" when there is no such list
	What  string
}

// maxText bounds the files that are read as text; larger ones are data.
const maxText = 2 << 20

// Read reads the module in fsys. Folders named testdata, and those whose names begin with . or _, hold no packages.
func Read(fsys fs.FS) (*Tree, error) {
	t := &Tree{fset: token.NewFileSet()}
	byFolder := map[string]*Package{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || name == "internal/archtest/testdata"):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		return t.file(fsys, name, d, byFolder)
	})
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	for _, p := range byFolder {
		t.Packages = append(t.Packages, p)
	}
	slices.SortFunc(t.Packages, func(a, b *Package) int { return strings.Compare(a.Folder, b.Folder) })
	return t, nil
}

func (t *Tree) file(fsys fs.FS, name string, d fs.DirEntry, byFolder map[string]*Package) error {
	info, err := d.Info()
	if err != nil || info.Size() > maxText {
		return err
	}
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	body := string(raw)
	if !strings.ContainsRune(body, 0) {
		t.Texts = append(t.Texts, Text{name, body})
	}
	if name == "go.mod" {
		t.Module = moduleOf(body)
	}
	if !strings.HasSuffix(name, ".go") || hidden(name) {
		return nil
	}
	parsed, err := parser.ParseFile(t.fset, name, raw, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	folder := path.Dir(name)
	if byFolder[folder] == nil {
		byFolder[folder] = &Package{Folder: folder}
	}
	file := &File{Path: name, Folder: folder, Test: strings.HasSuffix(name, "_test.go"), Lines: strings.Count(body, "\n"), AST: parsed}
	byFolder[folder].Files = append(byFolder[folder].Files, file)
	return nil
}

// hidden says whether the go command passes over a file.
func hidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return part == "testdata" || part == "vendor" || part != "." && (part[0] == '.' || part[0] == '_')
	})
}

func moduleOf(mod string) string {
	for line := range strings.SplitSeq(mod, "\n") {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// code returns the files that are no tests.
func (p *Package) code() []*File {
	return slices.DeleteFunc(slices.Clone(p.Files), func(f *File) bool { return f.Test })
}

// files yields every Go file.
func (t *Tree) files(yield func(*File) bool) {
	for _, p := range t.Packages {
		for _, f := range p.Files {
			if !yield(f) {
				return
			}
		}
	}
}

// at makes a violation at a node.
func (t *Tree) at(n ast.Node, format string, args ...any) Violation {
	where := t.fset.Position(n.Pos())
	return Violation{Where: fmt.Sprintf("%s:%d", where.Filename, where.Line), What: fmt.Sprintf(format, args...)}
}

// imports returns the paths that a file imports, and where.
func (f *File) imports() map[string]*ast.ImportSpec {
	all := make(map[string]*ast.ImportSpec, len(f.AST.Imports))
	for _, spec := range f.AST.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			all[name] = spec
		}
	}
	return all
}

// local returns the folder of an import of this module.
func (t *Tree) local(imported string) (string, bool) {
	return strings.CutPrefix(imported, t.Module+"/")
}

// uses returns where a file uses names of an imported package.
func (f *File) uses(pkg string, names ...string) []*ast.SelectorExpr {
	var found []*ast.SelectorExpr
	ast.Inspect(f.AST, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && f.isName(s, pkg, names) {
			found = append(found, s)
		}
		return true
	})
	return found
}

// calls returns where a file calls functions of an imported package.
func (f *File) calls(pkg string, names ...string) []*ast.CallExpr {
	var found []*ast.CallExpr
	ast.Inspect(f.AST, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && f.isName(s, pkg, names) {
				found = append(found, call)
			}
		}
		return true
	})
	return found
}

// isName says whether s is one of some names of an imported package.
func (f *File) isName(s *ast.SelectorExpr, pkg string, names []string) bool {
	spec, imported := f.imports()[pkg]
	if !imported || !slices.Contains(names, s.Sel.Name) {
		return false
	}
	as := path.Base(pkg)
	if spec.Name != nil {
		as = spec.Name.Name
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == as
}
