package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// How long weft test takes to find what is wrong in a small package: when nothing
// has been built yet, neither by weft nor by the go command, when the package
// alone has changed, and when nothing has. Have -benchtime be 1x.
func BenchmarkFirstResult(b *testing.B) {
	dir := b.TempDir()
	source, err := os.ReadFile("internal/tester/testdata/kinds/kinds_test.go")
	if err != nil {
		b.Fatal(err)
	}
	test := func(cache string) float64 {
		cmd := exec.Command(weftBinary, "test", "-run", "^TestFail$", ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "GOCACHE="+filepath.Join(cache, "go"), "GOFLAGS=-modcacherw")
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "weft test -replay") {
			b.Fatalf("%v, %s", err, out)
		}
		return time.Since(began).Seconds()
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	write("go.mod", "module small\n\ngo 1.26\n")
	for b.Loop() {
		cache := b.TempDir()
		write("kinds_test.go", string(source))
		b.ReportMetric(test(cache), "s-cold")
		write("kinds_test.go", string(source)+"\n// changed\n")
		b.ReportMetric(test(cache), "s-changed")
		b.ReportMetric(test(cache), "s-again")
	}
}
