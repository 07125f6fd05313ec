package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// checkHidden reports what happens without being called: init functions, imports for their side effects, and imports that hide
// where a name comes from.
func checkHidden(t *Tree) []Violation {
	var all []Violation
	for f := range t.files {
		for name, spec := range f.imports() {
			switch {
			case spec.Name == nil:
			case spec.Name.Name == "." || spec.Name.Name == "_" && name != "embed" && name != "time/tzdata": // both are meant to be imported so
				all = append(all, t.at(spec, "import %s %q", spec.Name.Name, name))
			}
		}
		for _, decl := range f.AST.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				all = append(all, t.at(fn, "func init"))
			}
		}
	}
	slices.SortFunc(all, func(a, b Violation) int { return strings.Compare(a.Where, b.Where) })
	return all
}

// checkState reports package-level variables that change after the program began: those that a function assigns to, writes
// into, or whose address it takes, and those of kinds that are only good for changing.
func checkState(t *Tree) []Violation {
	var all []Violation
	for _, p := range t.Packages {
		files := p.code()
		if len(files) == 0 {
			continue
		}
		s := newScan(t, files)
		for _, f := range files {
			all = append(all, s.declarations(f)...)
			ast.Inspect(f.AST, func(n ast.Node) bool {
				all = append(all, s.writes(n)...)
				return true
			})
		}
	}
	return all
}

// scan knows which identifier is which variable of a package.
type scan struct {
	*Tree
	uses  map[*ast.Ident]types.Object
	scope *types.Scope
}

// newScan resolves names within one package. Imported packages are taken as empty: what they hold does not matter here, and the
// errors that follow from it are dropped.
func newScan(t *Tree, files []*File) *scan {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: emptyImporter{}, Error: func(error) {}}
	asts := make([]*ast.File, len(files))
	for i, f := range files {
		asts[i] = f.AST
	}
	pkg, _ := config.Check(files[0].Folder, t.fset, asts, info) // see above
	return &scan{t, info.Uses, pkg.Scope()}
}

// emptyImporter finds every package, and nothing in it.
type emptyImporter struct{}

func (emptyImporter) Import(path string) (*types.Package, error) {
	pkg := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	pkg.MarkComplete()
	return pkg, nil
}

// variable returns the package-level variable that an expression writes into: v, v.f, v[i], *v.
func (s *scan) variable(e ast.Expr) (string, bool) {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			v, ok := s.uses[x].(*types.Var)
			return x.Name, ok && v.Parent() == s.scope
		default:
			return "", false
		}
	}
}

// writes reports what a statement or expression does to package-level variables.
func (s *scan) writes(n ast.Node) []Violation {
	var all []Violation
	write := func(e ast.Expr, how string) {
		if name, ok := s.variable(e); ok {
			all = append(all, s.at(e, "%s %s", how, name))
		}
	}
	switch x := n.(type) {
	case *ast.AssignStmt:
		for _, left := range x.Lhs {
			if x.Tok != token.DEFINE {
				write(left, "assigns to")
			}
		}
	case *ast.IncDecStmt:
		write(x.X, "assigns to")
	case *ast.RangeStmt:
		if x.Tok == token.ASSIGN && x.Key != nil {
			write(x.Key, "assigns to")
		}
	case *ast.UnaryExpr:
		if x.Op == token.AND {
			write(x.X, "takes the address of")
		}
	case *ast.CallExpr:
		if fn, ok := x.Fun.(*ast.Ident); ok && (fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") && len(x.Args) > 0 {
			write(x.Args[0], "writes into")
		}
	}
	return all
}

// declarations reports package-level variables of kinds that are there to be changed.
func (s *scan) declarations(f *File) []Violation {
	var all []Violation
	for _, decl := range f.AST.Decls {
		vars, ok := decl.(*ast.GenDecl)
		if !ok || vars.Tok != token.VAR {
			continue
		}
		for _, spec := range vars.Specs {
			v := spec.(*ast.ValueSpec)
			for _, e := range append([]ast.Expr{v.Type}, v.Values...) {
				if kind := changing(e); kind != "" && v.Names[0].Name != "_" {
					all = append(all, s.at(v, "%s is a %s", v.Names[0].Name, kind))
				}
			}
		}
	}
	return all
}

// changing names a kind of value that is there to be changed: locks, pools, counters, channels.
func changing(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return changing(x.X)
	case *ast.UnaryExpr:
		return changing(x.X)
	case *ast.CompositeLit:
		return changing(x.Type)
	case *ast.IndexExpr:
		return changing(x.X)
	case *ast.ChanType:
		return "channel"
	case *ast.CallExpr:
		if fn, ok := x.Fun.(*ast.Ident); ok && (fn.Name == "make" || fn.Name == "new") && len(x.Args) > 0 {
			return changing(x.Args[0])
		}
	case *ast.SelectorExpr:
		if pkg, ok := x.X.(*ast.Ident); ok && (pkg.Name == "sync" || pkg.Name == "atomic") {
			return pkg.Name + "." + x.Sel.Name
		}
	}
	return ""
}
