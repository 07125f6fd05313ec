package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// The sizes at which reading stops being easy.
const (
	maxFileLines     = 450
	maxFunctionLines = 60
	minDocLines      = 2
	maxDocLines      = 10
)

// mayBeLonger lists functions and files that may be longer, with the reason: "folder/file.go" or "folder.Function".
func mayBeLonger() map[string]string {
	return map[string]string{
		"sync/plan.TestWhatAnObservationSaysAboutALostAnswer": "one table over every kind of call; what stands before it are the words of its rows",
	}
}

// checkDocs reports packages that do not say what they are.
func checkDocs(t *Tree) []Violation {
	var all []Violation
	for _, p := range t.Packages {
		files := p.code()
		if len(files) == 0 {
			continue
		}
		lines := 0
		for _, f := range files {
			if f.AST.Doc != nil {
				lines += textLines(f.AST.Doc.Text())
			}
		}
		if lines < minDocLines || lines > maxDocLines {
			all = append(all, Violation{p.Folder, p.Folder, fmt.Sprintf("the package comment has %d lines, not %d to %d", lines, minDocLines, maxDocLines)})
		}
	}
	return all
}

// textLines counts the lines that say something.
func textLines(text string) int {
	lines := 0
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) != "" {
			lines++
		}
	}
	return lines
}

// checkSizes reports long files and functions. A table of cases does not make a function long.
func checkSizes(t *Tree) []Violation {
	return slices.DeleteFunc(t.long(), func(v Violation) bool { return mayBeLonger()[v.Name] != "" })
}

// long returns every long file and function.
func (t *Tree) long() []Violation {
	var all []Violation
	for f := range t.files {
		if f.Lines > maxFileLines {
			all = append(all, Violation{f.Path, f.Path, fmt.Sprintf("has %d lines, more than %d", f.Lines, maxFileLines)})
		}
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			lines := t.lines(fn) - t.tables(fn.Body, f.Test)
			if lines > maxFunctionLines {
				v := t.at(fn, "%s has %d lines besides its tables, more than %d", fn.Name.Name, lines, maxFunctionLines)
				v.Name = f.Folder + "." + fn.Name.Name
				all = append(all, v)
			}
		}
	}
	return all
}

func (t *Tree) lines(n ast.Node) int {
	return t.fset.Position(n.End()).Line - t.fset.Position(n.Pos()).Line + 1
}

// tables counts the lines within composite literals, except their first and last. A table of a test may hold functions.
func (t *Tree) tables(body ast.Node, test bool) int {
	lines := 0
	ast.Inspect(body, func(n ast.Node) bool {
		table, ok := n.(*ast.CompositeLit)
		if !ok || !test && holdsFunction(table) {
			return true
		}
		lines += max(0, t.lines(table)-2)
		return false
	})
	return lines
}

func holdsFunction(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		_, is := n.(*ast.FuncLit)
		found = found || is
		return !found
	})
	return found
}

// checkComments reports exported names that do not state their contract.
func checkComments(t *Tree) []Violation {
	var all []Violation
	for f := range t.files {
		if f.Test || f.AST.Name.Name == "main" {
			continue
		}
		for _, decl := range f.AST.Decls {
			switch x := decl.(type) {
			case *ast.FuncDecl:
				if x.Doc == nil && x.Name.IsExported() && exportedReceiver(x) && !(x.Recv != nil && wellKnown(x.Name.Name)) {
					all = append(all, t.at(x, "%s has no comment", x.Name.Name))
				}
			case *ast.GenDecl:
				all = append(all, t.uncommented(x)...)
			}
		}
	}
	return all
}

// uncommented reports exported types, variables and constants without a comment of their own or of their group.
func (t *Tree) uncommented(decl *ast.GenDecl) []Violation {
	var all []Violation
	for _, spec := range decl.Specs {
		switch x := spec.(type) {
		case *ast.TypeSpec:
			if x.Name.IsExported() && x.Doc == nil && decl.Doc == nil && x.Comment == nil {
				all = append(all, t.at(x, "%s has no comment", x.Name.Name))
			}
		case *ast.ValueSpec:
			if decl.Tok == token.IMPORT || x.Doc != nil || x.Comment != nil || decl.Doc != nil {
				continue
			}
			if i := slices.IndexFunc(x.Names, func(n *ast.Ident) bool { return n.IsExported() }); i >= 0 {
				all = append(all, t.at(x, "%s has no comment", x.Names[i].Name))
			}
		}
	}
	return all
}

// exportedReceiver says that a function has no receiver, or one that others can name.
func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return true
	}
	e := fn.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// wellKnown says that a method's contract is that of an interface everybody knows.
func wellKnown(method string) bool {
	known := []string{"Error", "Unwrap", "Is", "As", "String", "GoString", "Format", "LogValue", "ServeHTTP", "RoundTrip", "Read", "Write", "Close",
		"Len", "Less", "Swap", "MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON", "MarshalYAML", "UnmarshalYAML", "MarshalBinary", "UnmarshalBinary"}
	return slices.Contains(known, method)
}
