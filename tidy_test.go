package weft_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	maxFuncLines  = 70
	maxLineLength = 140
)

// longFuncs are the functions that are longer than maxFuncLines, with the
// lines they have. The list may only shrink: an entry that is no longer
// needed, or a function that has grown, fails.
var longFuncs = map[string]int{}

var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)

func TestFunctionsAreShort(t *testing.T) {
	seen := map[string]int{}
	eachFile(t, func(name string, fset *token.FileSet, file *ast.File, src []byte) {
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
			key := name + ":" + fn.Name.Name
			if n > maxFuncLines {
				seen[key] = n
				if n > longFuncs[key] {
					t.Errorf("%s has %d lines, at most %d are allowed", key, n, max(maxFuncLines, longFuncs[key]))
				}
			}
		}
	})
	for key, n := range longFuncs {
		if seen[key] < n {
			t.Errorf("longFuncs says %d lines for %s, it has fewer: shorten the list", n, key)
		}
	}
}

func TestFilesAreTidy(t *testing.T) {
	eachFile(t, func(name string, fset *token.FileSet, file *ast.File, src []byte) {
		for i, line := range strings.Split(string(src), "\n") {
			if n := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")); n > maxLineLength {
				t.Errorf("%s:%d: %d columns, at most %d are allowed", name, i+1, n, maxLineLength)
			}
			if name != "tidy_test.go" && unfinished.MatchString(line) {
				t.Errorf("%s:%d: unfinished: %s", name, i+1, strings.TrimSpace(line))
			}
		}
	})
}

func TestPackagesHaveOnePackageComment(t *testing.T) {
	comments := map[string][]string{}
	eachFile(t, func(name string, fset *token.FileSet, file *ast.File, src []byte) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		dir := path.Dir(name)
		comments[dir] = append(comments[dir], "")
		if file.Doc != nil {
			comments[dir][len(comments[dir])-1] = name
		}
	})
	for _, dir := range slices.Sorted(maps.Keys(comments)) {
		with := slices.DeleteFunc(comments[dir], func(s string) bool { return s == "" })
		if len(with) != 1 {
			t.Errorf("package %s: package comments in %q, want exactly one", dir, with)
		}
	}
}

func eachFile(t *testing.T, f func(name string, fset *token.FileSet, file *ast.File, src []byte)) {
	t.Helper()
	goFiles(t, func(name string) {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		if !ast.IsGenerated(file) {
			f(name, fset, file, src)
		}
	})
}
