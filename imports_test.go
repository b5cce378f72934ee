package weft_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/weftgo/weft"

// layers is the order of the design, lowest first: a package imports only
// packages of rows above its own. A name stands for the packages below it too.
var layers = [][]string{
	{"internal"},
	{"clock", "coro", "trace"},
	{"poll", "explore"},
	{"sched"},
	{"wsync", "wtime", "wnet", "sim", "seam"},
	{"weft"},
	{"observe", "adapt"},
	{"cmd", "examples"},
}

// sideways are the imports allowed within a row.
var sideways = [][2]string{
	{"wtime", "wsync"}, // a Timer's C is a wsync.Chan
}

// unbound may import modules other than x/sys; the library proper may not.
var unbound = []string{"cmd", "examples", "observe", "adapt"}

// layerOf returns the row of the package in directory dir (slash-separated,
// relative to the module) and the name that stands for it there.
func layerOf(dir string) (row int, name string, ok bool) {
	name, _, _ = strings.Cut(dir, "/")
	if dir == "." {
		name = "weft"
	}
	for i, names := range layers {
		if slices.Contains(names, name) {
			return i, name, true
		}
	}
	return 0, name, false
}

// checkImport returns what is wrong with the package in dir importing imp.
func checkImport(dir, imp string) string {
	row, name, ok := layerOf(dir)
	if !ok {
		return fmt.Sprintf("package %s has no place in layers (imports_test.go)", dir)
	}
	if imp != module && !strings.HasPrefix(imp, module+"/") {
		host, _, _ := strings.Cut(imp, "/")
		std := !strings.Contains(host, ".")
		if std || slices.Contains(unbound, name) || strings.HasPrefix(imp, "golang.org/x/sys/") {
			return ""
		}
		return fmt.Sprintf("%s imports %s: the library may import only std and golang.org/x/sys", dir, imp)
	}
	target := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
	if target == "" {
		target = "."
	}
	below, other, ok := layerOf(target)
	switch {
	case !ok:
		return fmt.Sprintf("%s imports %s, which has no place in layers (imports_test.go)", dir, imp)
	case other == name, below < row, slices.Contains(sideways, [2]string{name, other}):
		return ""
	case below == row:
		return fmt.Sprintf("%s imports %s: they stand in the same row, which must not import each other", dir, other)
	}
	return fmt.Sprintf("%s imports %s: imports point down only", dir, other)
}

// goFiles calls f with each Go file of the module, slash-separated.
func goFiles(t *testing.T, f func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			skip := base[0] == '.' || base[0] == '_' || name == "bench" // bench is a module of its own
			if name != "." && (skip || base == "testdata" || base == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if path.Ext(base) == ".go" {
			f(filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Build constraints are ignored on purpose: the order holds on every system.
func TestImportsPointDown(t *testing.T) {
	goFiles(t, func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			return
		}
		for _, spec := range file.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if wrong := checkImport(path.Dir(name), imp); wrong != "" {
				t.Errorf("%s: %s", name, wrong)
			}
		}
	})
}

func TestImportCheckerRefuses(t *testing.T) {
	for _, c := range []struct{ dir, imp, want string }{
		{"poll", module + "/sched", "point down"},
		{"sched", module + "/sim", "point down"},
		{"sched", module, "point down"},
		{"wnet", module + "/wsync", "same row"},
		{"wsync", module + "/wnet", "same row"},
		{"wsync", "golang.org/x/net/nettest", "only std"},
		{"nowhere", "fmt", "no place"},
		{"cmd/weft", module + "/nowhere", "no place"},
		{"wtime", module + "/wsync", ""},
		{"poll/polltest", module + "/poll", ""},
		{"poll", "golang.org/x/sys/unix", ""},
		{"cmd/weft", "github.com/valyala/fasthttp", ""},
	} {
		got := checkImport(c.dir, c.imp)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("checkImport(%s, %s) = %q, want %q", c.dir, c.imp, got, c.want)
		}
	}
}
