package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// C that calls back into Go: plain, recorded and under a seed, which says that C
// is not under control.
func TestRunRunsWhatCallsC(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it builds the standard library anew")
	}
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module calls\n\ngo 1.26\n",
		"main.go": "package main\n\n// extern int back(int n);\n// static int there(int n) { return back(n) + 1; }\n" +
			"import \"C\"\nimport \"fmt\"\n\nfunc main() {\n\tdone := make(chan C.int)\n" +
			"\tgo func() { done <- C.there(20) }()\n\tfmt.Println(<-done)\n}\n",
		"back.go": "package main\n\nimport \"C\"\n\n//export back\nfunc back(n C.int) C.int {\n" +
			"\tdone := make(chan C.int)\n\tgo func() { done <- 2 * n }()\n\treturn <-done\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, flags := range [][]string{{}, {"-trace", "trace"}, {"-seed", "1", "-hash"}} {
		stdout, stderr, status := runWeft(t, append(append([]string{"run"}, flags...), ".")...)
		if status != 0 || stdout != "41\n" {
			t.Errorf("%v: status %d, %q\n%s", flags, status, stdout, stderr)
		}
		if seeded := len(flags) == 3; strings.Contains(stderr, "not under control: calls C") != seeded {
			t.Errorf("%v: %s", flags, stderr)
		}
	}
}
