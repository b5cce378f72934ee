package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const runCorpus = "../../explore/corpus/testdata/run"

// quickCorpus are the programs of explore/corpus that every go test runs; WEFT_CORPUS=full runs all.
var quickCorpus = []string{"args", "frames", "panics", "deadlock", "signals"}

// directives are the comments at the head of a program, such as // args: a "b c"
type directives struct {
	args, env []string
	stdin     string
	exit      int
}

func readDirectives(t *testing.T, src string) (d directives) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^// (args|env|stdin|exit): (.*)$`).FindAllStringSubmatch(src, -1) {
		var err error
		switch m[1] {
		case "args":
			for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(m[2], -1) {
				d.args = append(d.args, strings.Trim(word, `"`))
			}
		case "env":
			d.env = append(d.env, m[2])
		case "stdin":
			d.stdin, err = strconv.Unquote(m[2])
		case "exit":
			d.exit, err = strconv.Atoi(m[2])
		}
		if err != nil {
			t.Fatalf("%s: %v", m[0], err)
		}
	}
	return d
}

// everything is what a program leaves behind, without what differs from run to run: addresses, and the numbers of goroutines.
func everything(t *testing.T, d directives, path string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, append(args, d.args...)...)
	cmd.Env = append(os.Environ(), d.env...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(d.stdin), &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	status := fmt.Sprint(cmd.ProcessState.ExitCode())
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		status = ws.Signal().String()
	}
	stderr, _, _ := strings.Cut(errs.String(), "weft run: ") // events may be lost, which it says last
	stderr = regexp.MustCompile(`0x[0-9a-f]+|goroutine \d+|gp=\S+ m=\S+`).ReplaceAllString(stderr, "_")
	return fmt.Sprintf("status %s\nstdout:\n%s\nstderr:\n%s", status, out.String(), stderr)
}

func TestCorpusRunsAsWithoutWeft(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	files, err := filepath.Glob(filepath.Join(runCorpus, "*.go"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d programs, %v", len(files), err)
	}
	if os.Getenv("WEFT_CORPUS") != "full" {
		files = nil
		for _, name := range quickCorpus {
			files = append(files, filepath.Join(runCorpus, name+".go"))
		}
	}
	programs := map[string]directives{}
	module := map[string]string{"go.mod": "module programs\n\ngo 1.26\n"}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".go")
		programs[name] = readDirectives(t, string(src))
		module[name+"/main.go"] = strings.Replace(string(src), "//go:build ignore", "//", 1)
	}
	dir := tree(t, module)
	plain, open := filepath.Join(dir, "bin-plain"), filepath.Join(dir, "bin-open")
	for out, build := range map[string][]string{plain: {"go", "build"}, open: {weftBinary, "build"}} {
		if err := os.Mkdir(out, 0o777); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(build[0], build[1], "-o", out+"/", "./...")
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, text)
		}
	}
	for name, d := range programs {
		t.Run(name, func(t *testing.T) {
			want := everything(t, d, filepath.Join(plain, name))
			if d.exit >= 0 && !strings.HasPrefix(want, fmt.Sprintf("status %d\n", d.exit)) {
				t.Fatalf("without weft: %s, want status %d", want, d.exit)
			}
			binary := filepath.Join(open, name)
			for how, got := range map[string]string{
				"by itself":         everything(t, d, binary),
				"by weft run":       everything(t, d, weftBinary, "run", binary),
				"and when recorded": everything(t, d, weftBinary, "run", "-trace", filepath.Join(t.TempDir(), "trace"), binary),
			} {
				if got != want {
					t.Errorf("%s:\n%.4000s\nwithout weft:\n%.4000s", how, got, want)
				}
			}
		})
	}
}
