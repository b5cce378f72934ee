package seam

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sets are all that weft inserts.
var sets = []Set{Events(), Steer()}

func find(t *testing.T) *Toolchain {
	t.Helper()
	tc, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	return tc
}

// When a new Go comes, this names each anchor that has moved.
func TestEveryAnchorIsWhereItShouldBe(t *testing.T) {
	tc := find(t)
	for _, platform := range platforms {
		tc.GOOS, tc.GOARCH, _ = strings.Cut(platform, "/")
		for _, set := range sets {
			err := tc.Verify(set)
			var moved *MovedError
			if !errors.As(err, &moved) {
				if err != nil {
					t.Errorf("%s: %s: %v", platform, set.Name, err)
				}
				continue
			}
			for _, a := range moved.Anchors {
				t.Errorf("%s: %s: moved: %v", platform, set.Name, a)
			}
		}
	}
}

const sample = `package p

type T struct {
	a int
}

func (t *T) Do(x, y int) (z int) {
	if x > y {
		x = 1 // a comment
	}
	switch x {
	case 1:
		z = f(x,
			y)
	}
	x = 2
	return z
}

func f(a, b int) int { return a }
`

// edited returns the sample with one edit, or why it can't be made.
func edited(t *testing.T, e Edit) string {
	t.Helper()
	s, err := parseSource("p.go", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	text, moved, err := s.edit([]Edit{e})
	switch {
	case err != nil:
		t.Fatal(err)
	case moved != nil:
		return moved[0].Why
	}
	if _, err := parseSource("p.go", text); err != nil {
		t.Error(err)
	}
	if strings.Count(string(text), "\n") != strings.Count(sample, "\n") {
		t.Error("the edit changed the number of lines")
	}
	return string(text)
}

func TestEditsGoWhereTheySay(t *testing.T) {
	const do = "(t *T) Do(x, y int) (z int)"
	for _, c := range []struct {
		e    Edit
		want string
	}{
		{Edit{Func: do, Text: "hook(x)"}, "(z int) { hook(x); \n"},
		{Edit{Func: "f(a, b int) int", Text: "hook(a)"}, "int { hook(a);  return a }"},
		{Edit{Func: do, At: Before, Stmt: "z = f(x, y)", Text: "hook(z)"}, "hook(z); z = f(x,\n\t\t\ty)\n"},
		{Edit{Func: do, At: After, Stmt: "z = f(", Text: "hook(z)"}, "y); hook(z)\n"},
		{Edit{Func: do, At: Replace, Stmt: "z = f(", Text: "if on { $0 }"}, "if on { z = f(x,\n\t\t\ty) }\n"},
		{Edit{Func: do, At: Before, Stmt: "x =", Nth: 2, Text: "hook()"}, "\thook(); x = 2\n"},
		{Edit{Func: "f(a, b int) int", At: Rename, Text: "f0"}, "func f0(a, b int) int"},
		{Edit{Func: "T", At: Field, Text: "b int"}, "a int; b int\n}"},
		{Edit{Func: do, At: Before, Stmt: "x =", Text: "hook()"}, `2 of its statements begin with "x ="`},
		{Edit{Func: do, At: Before, Stmt: "x =", Nth: 3, Text: "hook()"}, `2 of its statements begin`},
		{Edit{Func: do, At: After, Stmt: "q()", Text: "hook()"}, `0 of its statements begin`},
		{Edit{Func: "(t *T) Do(a, y int) (z int)"}, "it is declared as " + do},
		{Edit{Func: "g()"}, "there is no such function"},
		{Edit{Func: "U", At: Field, Text: "b int"}, "there is no such struct type"},
	} {
		if got := edited(t, c.e); !strings.Contains(got, c.want) {
			t.Errorf("%+v:\n%s\nlacks %q", c.e, got, c.want)
		}
	}
}

func TestSetsThatCantBeRightAreRefused(t *testing.T) {
	tc := find(t)
	for want, set := range map[string]Set{
		"line break":   {Edits: []Edit{{File: "sort/sort.go", Func: "f()", Text: "a\nb"}}},
		"against its":  {Edits: []Edit{{File: "sort/sort.go", Func: "f()", At: Before, Text: "a"}}},
		"two sets add": {Files: []File{{Path: "sort/x.go"}, {Path: "sort/x.go"}}},
		"already has":  {Files: []File{{Path: "sort/sort.go"}}},
		"GOROOT lacks": {Edits: []Edit{{File: "sort/nothing.go", Func: "f()"}}},
		"was modified": {Edits: []Edit{{File: "sort/sort.go", Func: "f()"}}},
	} {
		if _, err := tc.Prepare(set); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, want)
		}
	}
}

// leaf is a set for a package that little else needs, so that tests build it fast.
func leaf(value string) Set {
	return Set{
		Name:  "leaf",
		Edits: []Edit{{File: "container/ring/ring.go", Func: "(r *Ring) Len() int", Text: "if hooked(r) { return " + value + " }"}},
		Files: []File{{Path: "container/ring/hook.go", Text: "package ring\n\nfunc hooked(r *Ring) bool { return r == nil }\n"}},
	}
}

func build(t *testing.T, set Set, src string) (bin string, output []byte, err error) {
	t.Helper()
	o, err := find(t).Prepare(set)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	bin = filepath.Join(dir, "bin")
	cmd := o.Command(ctx, "build", "-o", bin, "main.go")
	cmd.Dir = dir
	output, err = cmd.CombinedOutput()
	return bin, output, err
}

func TestAProgramIsBuiltWithTheInsertions(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	const src = "package main\n\nimport \"container/ring\"\n\nfunc main() {\n\tvar r *ring.Ring\n\tprintln(r.Len())\n}\n"
	for _, want := range []string{"-7", "-8"} { // another set: not what the cache had
		bin, out, err := build(t, leaf(want), src)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		got, err := exec.Command(bin).CombinedOutput()
		if err != nil || string(got) != want+"\n" {
			t.Errorf("%q, %v: want %s", got, err, want)
		}
	}
}

func TestWhatDoesNotCompileIsNamedAtTheUsersPosition(t *testing.T) {
	_, out, err := build(t, leaf("0"), "package main\n\nfunc main() {\n\tnothing()\n}\n")
	if err == nil || !strings.Contains(string(out), "main.go:4:2: undefined: nothing") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAnOverlayIsMadeOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	tc := find(t)
	a, err := tc.Prepare(leaf("1"))
	if err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(a.JSON)
	b, err := tc.Prepare(leaf("1"))
	if err != nil || b.JSON != a.JSON {
		t.Fatal(b, err)
	}
	if after, _ := os.Stat(b.JSON); !after.ModTime().Equal(before.ModTime()) {
		t.Error("it was written again")
	}
	rest, _ := filepath.Glob(filepath.Join(filepath.Dir(a.Dir), "*"))
	if len(rest) != 1 {
		t.Errorf("the cache has %q, want one overlay", rest)
	}
}

func TestOverlaysThatNobodyUsesAreRemoved(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	tc := find(t)
	prepare := func(n string) *Overlay {
		t.Helper()
		o, err := tc.Prepare(leaf(n))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	age := func(dir string, days int) {
		t.Helper()
		then := time.Now().AddDate(0, 0, -days)
		if err := os.Chtimes(dir, then, then); err != nil {
			t.Fatal(err)
		}
	}
	old, used, young := prepare("1"), prepare("2"), prepare("3")
	broken, making := filepath.Join(filepath.Dir(old.Dir), "newbroken"), filepath.Join(filepath.Dir(old.Dir), "newmaking")
	for _, dir := range []string{broken, making} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	age(old.Dir, 40)
	age(used.Dir, 40)
	age(young.Dir, 20)
	age(broken, 2)
	prepare("2")
	prepare("4")
	for dir, stays := range map[string]bool{old.Dir: false, used.Dir: true, young.Dir: true, broken: false, making: true} {
		if _, err := os.Stat(dir); (err == nil) != stays {
			t.Errorf("%s: %v, should stay: %v", filepath.Base(dir), err, stays)
		}
	}
}

// A directory that nobody, root included, can make anything in.
func TestACacheThatCantBeWrittenIsOneLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	tc := find(t)
	t.Setenv("XDG_CACHE_HOME", file)
	t.Setenv("HOME", file)
	_, err := tc.Prepare(leaf("1"))
	if err == nil || !strings.Contains(err.Error(), "can't write its cache") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v: want one line", err)
	}
}

// fakeGo puts a go command into PATH that says what a script says.
func fakeGo(t *testing.T, env string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\ncat <<'END'\n" + env + "\nEND\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

func TestOnlyASupportedGoWillDo(t *testing.T) {
	env := func(goroot, version, platform, flags string) string {
		goos, goarch, _ := strings.Cut(platform, "/")
		return fmt.Sprintf(`{"GOROOT":%q,"GOVERSION":%q,"GOOS":%q,"GOARCH":%q,"GOFLAGS":%q}`, goroot, version, goos, goarch, flags)
	}
	for _, c := range []struct{ env, want string }{
		{env("/", "go1.26", "linux/amd64", ""), ""},
		{env("/", "go1.26.11 X:jsonv2", "darwin/arm64", "-race"), ""},
		{env("/", "go1.25.9", "linux/amd64", ""), "is go1.25.9, and weft opens the runtime of Go 1.26.x only"},
		{env("/", "go1.260", "linux/amd64", ""), "Go 1.26.x only"},
		{env("/", "devel go1.27-abcdef", "linux/amd64", ""), "Go 1.26.x only"},
		{env("/", "go1.26.1", "plan9/amd64", ""), "plan9/amd64: GOOS and GOARCH must be one of linux/amd64"},
		{env("/nowhere", "go1.26.1", "linux/amd64", ""), "GOROOT: "},
		{env("/", "go1.26.1", "linux/amd64", "-trimpath -overlay=x"), "GOFLAGS=-trimpath"},
		{"go: broken", "env: "},
	} {
		fakeGo(t, c.env)
		_, err := Find("")
		if c.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.env, err, c.want)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Find(""); err == nil || !strings.Contains(err.Error(), "no go command in PATH") {
		t.Error(err)
	}
}
