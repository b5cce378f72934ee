package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Go's own test programs, below GOROOT/test, that run to their end by
// themselves. What they print, and their status, is theirs whatever runs them.
var goPrograms = strings.Fields(`
	chan/sieve1 goprint closure deferprint recover1
	chan/doubleselect chan/fifo chan/goroutines chan/nonblock chan/powser1 chan/powser2 chan/select chan/select2
	chan/select3 chan/select4 chan/select5 chan/select6 chan/select7 chan/sendstmt chan/sieve2 chan/zerosize
	chancap ken/chan ken/chan1 ken/cplx0 ken/string ken/rob2 ken/robfunc ken/divmod ken/litfun
	append copy defer deferfin divide escape func gc gc1 gcgort helloworld initialize mallocfin map method
	nilptr nul1 peano print range recover recover2 recover3 recover4 stack stackobj string_lit switch
	tinyfin turing typeswitch utf zerodivide`)

// impatient are those that fail by themselves where a finalizer or another
// goroutine doesn't get its turn within some milliseconds: they may try again.
var impatient = strings.Fields("chan/nonblock deferfin mallocfin tinyfin")

// quickPrograms is how many of them are run by every go test; WEFT_PROGRAMS=1
// runs all.
const quickPrograms = 5

func TestGosOwnProgramsDoTheSame(t *testing.T) {
	list := goPrograms
	if os.Getenv("WEFT_PROGRAMS") == "" {
		list = list[:quickPrograms]
	}
	dir := copyPrograms(t, list)
	for how, args := range map[string][]string{
		"plain": {"go", "build", "-o", dir + "/plain/", "./..."},
		"open":  {weftBinary, "build", "-o", dir + "/open/", "./..."},
	} {
		if err := os.Mkdir(filepath.Join(dir, how), 0o777); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	t.Run("all", func(t *testing.T) {
		for _, name := range list {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				bin := strings.ReplaceAll(name, "/", "-")
				for tries := 1; ; tries++ {
					want, wantErr := run1(t, filepath.Join(dir, "plain", bin))
					file := filepath.Join(t.TempDir(), "trace")
					got, gotErr := run1(t, weftBinary, "run", "-trace", file, filepath.Join(dir, "open", bin))
					gotErr, _, _ = strings.Cut(gotErr, "weft run: ") // events may be lost, which it says last
					if got == want && firstLine(gotErr) == firstLine(wantErr) {
						return
					}
					if tries == 5 || !slices.Contains(impatient, name) {
						t.Fatalf("%+v %q, want %+v %q", got, firstLine(gotErr), want, firstLine(wantErr))
					}
				}
			})
		}
	})
	t.Logf("%d programs", len(list))
}

// copyPrograms makes a module with a package for each program of the list.
func copyPrograms(t *testing.T, list []string) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(strings.TrimSpace(string(out)), "test")
	if _, err := os.Stat(from); err != nil {
		t.Skipf("%s has no test programs: %v", runtime.Version(), err)
	}
	files := map[string]string{"go.mod": "module programs\n\ngo 1.26\n"}
	for _, name := range list {
		src, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)+".go"))
		if err != nil {
			t.Fatal(err)
		}
		files[strings.ReplaceAll(name, "/", "-")+"/main.go"] = string(src)
	}
	return tree(t, files)
}
