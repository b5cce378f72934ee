package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/weftgo/weft/trace"
)

// programs builds the programs of testdata/run once for all tests, with the
// seams open and as go build makes them.
var programs = sync.OnceValues(func() (dir string, err error) {
	dir = filepath.Join(filepath.Dir(weftBinary), "programs")
	for _, sub := range []string{"open", "plain"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"hello", "seen", "deeds"} {
		from := "./testdata/run/" + name
		open := exec.Command(weftBinary, "build", "-o", filepath.Join(dir, "open", name), from)
		plain := exec.Command("go", "build", "-o", filepath.Join(dir, "plain", name), from)
		for _, cmd := range []*exec.Cmd{open, plain} {
			if out, err := cmd.CombinedOutput(); err != nil {
				return "", fmt.Errorf("%v: %v\n%s", cmd, err, out)
			}
		}
	}
	return dir, nil
})

// program returns the path of a program built with the seams open, and of the
// plain one.
func program(t *testing.T, name string) (open, plain string) {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "open", name), filepath.Join(dir, "plain", name)
}

// recorded is what weft run -trace has recorded.
type recorded struct {
	t      *testing.T
	stdout string
	events []trace.Event
	symbol func(pc uint64) trace.Symbol
}

func record(t *testing.T, flags []string, args ...string) *recorded {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trace")
	stdout, stderr, _ := runWeft(t, slices.Concat([]string{"run", "-trace", file}, flags, args)...)
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	defer f.Close()
	r := trace.NewReader(f)
	events, err := r.ReadAll()
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, %v\n%s", len(events), err, stderr)
	}
	return &recorded{t, stdout, events, r.Symbol}
}

// find returns where the first event from at on is that is, or fails.
func (r *recorded) find(at int, what string, is func(e *trace.Event) bool) int {
	r.t.Helper()
	for i := at; i < len(r.events); i++ {
		if is(&r.events[i]) {
			return i
		}
	}
	r.t.Fatalf("no %s after event %d", what, at)
	return 0
}

func (r *recorded) step(at int, s trace.Step) int {
	r.t.Helper()
	return r.find(at, s.String(), func(e *trace.Event) bool { return e.Kind == trace.KBoot && trace.Step(e.Sub) == s })
}

func (r *recorded) kind(at int, k trace.Kind) int {
	r.t.Helper()
	return r.find(at, k.String(), func(e *trace.Event) bool { return e.Kind == k })
}

// Row 21 and the life of hello, world on Go's own runtime.
func TestExplainTellsAnOrdinaryProgramsLife(t *testing.T) {
	open, _ := program(t, "hello")
	for _, procs := range []string{"1", "2"} {
		for _, sleep := range []bool{false, true} {
			t.Run(fmt.Sprintf("procs %s sleep %v", procs, sleep), func(t *testing.T) {
				args := []string{open}
				if sleep {
					args = append(args, "sleep")
				}
				r := record(t, []string{"-procs", procs}, args...)
				at := r.bootsInOrder(procs)
				at = r.startsMain(at)
				g, at := r.saysHello(at)
				r.ends(at, g, sleep)
			})
		}
	}
}

// bootsInOrder checks what comes before runtime.main, and returns where it is.
func (r *recorded) bootsInOrder(procs string) int {
	at := r.kind(0, trace.KEntry)
	if name := r.symbol(r.events[at].A).Func; !strings.HasPrefix(name, "_rt0_") {
		r.t.Errorf("the entry point is %q", name)
	}
	at = r.step(at, trace.StepEntry)
	at = r.step(at, trace.StepChecks)
	at = r.kind(at, trace.KArgs)
	at = r.kind(at, trace.KOSInit)
	at = r.step(at, trace.StepSchedinit)
	at = r.kind(at, trace.KMInit)
	at = r.kind(at, trace.KStack)
	if e := r.events[at]; e.A != 0 || e.M != 0 || e.B >= e.C {
		r.t.Errorf("the first stack is not m0's g0's: %+v", e)
	}
	at = r.kind(at, trace.KProcs)
	if e := r.events[at]; e.A != 0 || fmt.Sprint(e.B) != procs {
		r.t.Errorf("procresize from %d to %d Ps, want 0 to %s", e.A, e.B, procs)
	}
	at = r.find(at, "p0", func(e *trace.Event) bool { return e.Kind == trace.KPInit && e.P == 0 })
	if procs == "2" {
		at = r.find(at, "p1", func(e *trace.Event) bool { return e.Kind == trace.KPInit && e.P == 1 })
	}
	at = r.kind(at, trace.KPAcquire)
	if e := r.events[at]; e.P != 0 || e.M != 0 {
		r.t.Errorf("the first acquirep is of p%d by m%d, want allp[0] by m0", e.P, e.M)
	}
	return at
}

// startsMain checks what comes from newproc(main) to main.main.
func (r *recorded) startsMain(at int) int {
	at = r.step(at, trace.StepNewprocMain)
	at = r.kind(at, trace.KGoCreate)
	if e := r.events[at]; e.A != 1 || r.symbol(e.B).Func != "runtime.main" || trace.Queue(e.Sub) != trace.QRunnext {
		r.t.Errorf("the first newproc makes g%d of %s", e.A, r.symbol(e.B).Func)
	}
	at = r.step(at, trace.StepMstart)
	at = r.find(at, "execute g1", func(e *trace.Event) bool { return e.Kind == trace.KGoStart && e.G == 1 })
	at = r.step(at, trace.StepRuntimeMain)
	at = r.step(at, trace.StepSysmon)
	at = r.step(at, trace.StepInit)
	main := r.step(at, trace.StepMain)
	var inits []string
	for _, e := range r.events[at:main] {
		if e.Kind == trace.KInitTask {
			inits = append(inits, r.symbol(e.A).Func)
		}
	}
	first := func(pkg string) int {
		return slices.IndexFunc(inits, func(f string) bool { return strings.HasPrefix(f, pkg+".init") })
	}
	if a, b, c := first("errors"), first("syscall"), first("os"); a < 0 || b < a || c < b {
		r.t.Errorf("initialisers are not in the order of imports: %v", inits)
	}
	return main
}

// saysHello checks the go statement in main, and returns the new G.
func (r *recorded) saysHello(at int) (g uint64, next int) {
	at = r.find(at, "go statement", func(e *trace.Event) bool { return e.Kind == trace.KGoCreate && e.G == 1 })
	e := r.events[at]
	entry, site := r.symbol(e.B), r.symbol(e.C)
	if !strings.HasPrefix(entry.Func, "main.main.gowrap") || site.Pos() != "main.go:17" || trace.Queue(e.Sub) != trace.QRunnext {
		r.t.Errorf("newproc %s at %s → %v, want main.main's wrapper at main.go:17 → runnext", entry.Func, site.Pos(), trace.Queue(e.Sub))
	}
	of := func(k trace.Kind) int {
		return r.find(at, k.String(), func(e2 *trace.Event) bool { return e2.Kind == k && e2.A == e.A })
	}
	of(trace.KStack)
	if back := r.symbol(r.events[of(trace.KGoEntry)].B).Func; back != "runtime.goexit" {
		r.t.Errorf("g%d will return into %s, want runtime.goexit", e.A, back)
	}
	return e.A, at
}

// ends checks how the program ends: without g, unless main sleeps.
func (r *recorded) ends(at int, g uint64, sleep bool) {
	exit := r.step(r.step(at, trace.StepMainReturned), trace.StepExit)
	if exit != len(r.events)-1 && r.events[exit].A != 0 {
		r.t.Errorf("exit is event %d of %d, status %d", exit, len(r.events), r.events[exit].A)
	}
	if !sleep {
		return // whether g runs is up to the scheduler
	}
	at = r.find(at, "sleep of main", func(e *trace.Event) bool {
		asleep := e.Kind == trace.KGoPark && trace.Reason(e.Sub) == trace.WaitSleep
		return asleep && e.G == 1 && e.A == 50e6 && r.symbol(e.B).Pos() == "main.go:19"
	})
	r.find(0, "run of the goroutine", func(e *trace.Event) bool { return e.Kind == trace.KGoStart && e.G == g })
	r.find(0, "end of the goroutine", func(e *trace.Event) bool { return e.Kind == trace.KGoExit && e.G == g })
	at = r.kind(at, trace.KTimer)
	at = r.find(at, "goready of main", func(e *trace.Event) bool {
		return e.Kind == trace.KGoReady && e.A == 1 && trace.Cause(e.C) == trace.ByTimer
	})
	r.find(at, "execute main", func(e *trace.Event) bool { return e.Kind == trace.KGoStart && e.G == 1 })
	if r.stdout != "hello, goroutine\nhello, main\n" {
		r.t.Errorf("%q", r.stdout)
	}
}

// The addresses that are told are those that the process itself sees.
func TestStacksAndReturnAddressesAreWhatTheProcessSees(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	open, _ := program(t, "seen")
	r := record(t, nil, open)
	var goroutines int
	for line := range strings.Lines(r.stdout) {
		var a, b, c, d uint64
		switch word, rest, _ := strings.Cut(line, " "); word {
		case "entry":
			fmt.Sscan(rest, &a)
			if got := r.events[r.kind(0, trace.KEntry)].A; got != a {
				t.Errorf("entry point %#x, the kernel says %#x", got, a)
			}
		case "stack":
			fmt.Sscan(rest, &a, &b)
			if e := r.events[r.kind(0, trace.KStack)]; e.C <= a || e.C > b {
				t.Errorf("m0.g0's stack ends at %#x, the kernel has it from %#x to %#x", e.C, a, b)
			}
		case "goroutine":
			fmt.Sscan(rest, &a, &b, &c, &d)
			r.sees(a, b, c, d)
			goroutines++
		case "objects":
			fmt.Sscan(rest, &a, &b, &c, &d)
			r.parksOn(a, b, c, d)
		}
	}
	if goroutines != 3 {
		t.Errorf("%d goroutines have looked, want 3:\n%s", goroutines, r.stdout)
	}
}

// sees checks what goroutine g says: the address of a local, what it returns
// into, and its argument, which is the second word that its closure captured.
func (r *recorded) sees(g, local, back, argument uint64) {
	var stack, entry, arg trace.Event
	for _, e := range r.events {
		switch {
		case e.A != g:
		case e.Kind == trace.KStack:
			stack = e
		case e.Kind == trace.KGoEntry:
			entry = e
		case e.Kind == trace.KGoArg:
			arg = e
		}
	}
	if local < stack.B || local >= stack.C {
		r.t.Errorf("g%d has a local at %#x, its stack is from %#x to %#x", g, local, stack.B, stack.C)
	}
	if entry.B+1 != back {
		r.t.Errorf("g%d returns into %#x, told %#x", g, back, entry.B+1)
	}
	if arg.B != argument && arg.C != argument {
		r.t.Errorf("g%d has the argument %#x, told %#x and %#x", g, argument, arg.B, arg.C)
	}
}

// parksOn checks the objects that goroutines park on.
func (r *recorded) parksOn(mu, rw, wg, ch uint64) {
	for why, object := range map[trace.Reason]uint64{
		trace.WaitSyncMutexLock: mu, trace.WaitSyncRWMutexRLock: rw, trace.WaitSyncWaitGroup: wg, trace.WaitChanReceive: ch,
	} {
		at := r.find(0, why.String(), func(e *trace.Event) bool {
			return e.Kind == trace.KGoPark && trace.Reason(e.Sub) == why && e.A == object
		})
		if pos := r.symbol(r.events[at].B).Pos(); !strings.HasPrefix(pos, "main.go:") {
			r.t.Errorf("%v at %s, want a line of main.go", why, pos)
		}
	}
}

func TestExplainNarratesInEnglishAndChinese(t *testing.T) {
	open, _ := program(t, "hello")
	for lang, want := range map[string][]string{
		"en": {"[m0 g0] step 3 of 12: schedinit\n", "[m0 p0 g1] initialise package os\n", "main.main.gowrap1 → p0.runnext (main.go:17)\n",
			"its function will return into runtime.goexit", "[m0 p0 g1] gopark: sleep 50ms (main.go:19)\n", "exit, status 0"},
		"zh": {"schedinit，初始化调度器\n", "[m0 p0 g1] 初始化包 os\n", "newproc：创建 g", "将返回到 runtime.goexit",
			"[m0 p0 g1] gopark：挂起，等待 休眠 50ms (main.go:19)\n", "退出，状态码 0"},
	} {
		_, stderr, status := runWeft(t, "run", "-procs", "1", "-explain", "-lang", lang, open, "sleep")
		for _, line := range want {
			if status != 0 || !strings.Contains(stderr, line) {
				t.Errorf("%s: status %d, no %q in\n%s", lang, status, line, stderr)
			}
		}
	}
}

// outcome is what a program leaves behind.
type outcome struct {
	stdout string
	status int
	signal syscall.Signal
}

func run1(t *testing.T, path string, args ...string) (o outcome, stderr string) {
	t.Helper()
	cmd := exec.Command(path, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("one\ntwo\n"), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o = outcome{stdout: out.String(), status: cmd.ProcessState.ExitCode()}
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		o.signal = ws.Signal()
	}
	return o, errs.String()
}

// What a tool could stumble over: each deed, recorded and not, is what it is
// without weft.
func TestRunIsTheProgramItself(t *testing.T) {
	open, plain := program(t, "deeds")
	for _, deed := range []string{
		"many", "lock", "exit", "goexit", "panic", "nil", "deadlock", "throw", "overflow", "gc", "procs",
		"signal", "environ", "args", "stdin", "child", "descriptor", "kill", "abort", "exec",
	} {
		t.Run(deed, func(t *testing.T) {
			t.Parallel()
			want, wantErr := run1(t, plain, deed, "-x", "a b")
			bare, bareErr := run1(t, weftBinary, "run", open, deed, "-x", "a b")
			recorded, recordedErr := run1(t, weftBinary, "run", "-trace", filepath.Join(t.TempDir(), "trace"), open, deed, "-x", "a b")
			for how, got := range map[string]outcome{"not recorded": bare, "recorded": recorded} {
				if got != want {
					t.Errorf("%s: %+v, want %+v", how, got, want)
				}
			}
			if a, b, c := firstLine(wantErr), firstLine(bareErr), firstLine(recordedErr); a != b || a != c {
				t.Errorf("stderr begins %q, and %q recorded, want %q", b, c, a)
			}
		})
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// A signal that weft gets is the program's, and nothing is left behind.
func TestSignalsReachTheProgram(t *testing.T) {
	open, _ := program(t, "deeds")
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, c := range []struct {
			deed []string
			want func(ws syscall.WaitStatus) bool
		}{
			{[]string{"signal", "wait"}, func(ws syscall.WaitStatus) bool { return ws.ExitStatus() == 5 }},
			{[]string{"sleep"}, func(ws syscall.WaitStatus) bool { return ws.Signaled() && ws.Signal() == sig }},
		} {
			tmp := t.TempDir()
			cmd := exec.Command(weftBinary, append([]string{"run", "-trace", filepath.Join(t.TempDir(), "trace"), open}, c.deed...)...)
			cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for line := ""; line != "ready\n"; {
				line = readLine(t, out)
			}
			cmd.Process.Signal(sig)
			rest, _ := io.ReadAll(out)
			cmd.Wait()
			if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); !c.want(ws) {
				t.Errorf("%v %v: %v, %q", c.deed, sig, cmd.ProcessState, rest)
			}
			if left, _ := os.ReadDir(tmp); len(left) > 0 {
				t.Errorf("%v is left behind", left)
			}
		}
	}
}

// A binary records by itself if its environment says so, whatever its end.
func TestABuiltBinaryRecordsByItself(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("on Linux only")
	}
	open, _ := program(t, "deeds")
	for _, deed := range []string{"environ", "kill", "panic"} {
		file := filepath.Join(t.TempDir(), "raw")
		cmd := exec.Command(open, deed)
		cmd.Env = append(os.Environ(), "WEFT_TRACE="+file)
		out, _ := cmd.CombinedOutput()
		if strings.Contains(string(out), "WEFT_TRACE") {
			t.Errorf("%s: the program sees WEFT_TRACE", deed)
		}
		text, stderr, status := runWeft(t, "trace", "-text", file)
		if status != 0 || !strings.Contains(text, "initialise package os\n") || !strings.Contains(text, "step 9 of 12: main\n") {
			t.Errorf("%s: status %d, %s\n%s", deed, status, stderr, text)
		}
	}
	cmd := exec.Command(open, "args")
	cmd.Env = append(os.Environ(), "WEFT_TRACE="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "weft: can't make the file that WEFT_TRACE names") {
		t.Errorf("%v: %s", err, out)
	}
}

// The page of a run is there while it runs and after.
func TestRunIsViewedLive(t *testing.T) {
	open, _ := program(t, "hello")
	cmd := exec.Command(weftBinary, "run", "-view", "127.0.0.1:0", open)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := readLine(t, errs)
	link, ok := strings.CutPrefix(strings.TrimSpace(line), "view: ")
	if !ok {
		t.Fatalf("%q is no link", line)
	}
	for !strings.Contains(readLine(t, errs), "the program has ended") {
	}
	page, _, _ := strings.Cut(link, "#")
	page, _, _ = strings.Cut(page, "?")
	resp, err := http.Get(page + "api/recording")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	r := trace.NewReader(resp.Body)
	events, _ := r.ReadAll() // a live recording has no end mark
	is := func(e trace.Event) bool { return e.Kind == trace.KGoCreate && r.Symbol(e.C).Pos() == "main.go:17" }
	if !slices.ContainsFunc(events, is) {
		t.Errorf("%s: none of %d events is the go statement", resp.Status, len(events))
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func readLine(t *testing.T, r io.Reader) string {
	t.Helper()
	var line []byte
	for b := make([]byte, 1); ; {
		if _, err := r.Read(b); err != nil {
			t.Fatalf("%v after %q", err, line)
		}
		if line = append(line, b[0]); b[0] == '\n' {
			return string(line)
		}
	}
}

func TestBadProgramsAreOneLine(t *testing.T) {
	dir := tree(t, map[string]string{
		"broken.go":  "package main\n\nfunc main() {\n\tnothing()\n}\n",
		"lib/lib.go": "package lib\n",
		"go.mod":     "module example.org/x\n\ngo 1.26\n",
		"file":       "",
	})
	t.Chdir(dir)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "broken.go"}, "./broken.go:4:2: undefined: nothing"},
		{[]string{"run", "missing.go"}, "missing.go"},
		{[]string{"run", "./lib"}, "main package"},
		{[]string{"run", "./nowhere"}, "nowhere"},
		{[]string{"run"}, "name a program: weft run FILE.go"},
		{[]string{"run", "-procs", "0", "x.go"}, "there must be at least 1 P"},
		{[]string{"run", "-explain", "-lang", "tlh", "x.go"}, "-lang tlh: the languages are en and zh"},
		{[]string{"run", "-lang", "zh", "x.go"}, "-lang is for -explain"},
		{[]string{"run", "-all", "x.go"}, "-all is for -explain, -trace and -view"},
		{[]string{"run", "-view-public", "x.go"}, "-view-public is for -view"},
		{[]string{"run", "file"}, "file"},
		{[]string{"run", "-trace", "no/such/file", "lib/lib.go"}, "main package"},
		{[]string{"build"}, "name a program: weft build FILE.go"},
	} {
		stdout, stderr, status := runWeft(t, c.args...)
		if status != 1 || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %q, want 1 and %q", c.args, status, stderr, c.want)
		}
	}
}

// What is wrong with the Go installation is said in one line.
func TestBadGoInstallationsAreOneLine(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	goroot, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	modified := t.TempDir()
	if err := os.CopyFS(filepath.Join(modified, "src/runtime"), os.DirFS(filepath.Join(goroot, "src/runtime"))); err != nil {
		t.Fatal(err)
	}
	proc := filepath.Join(modified, "src/runtime/proc.go")
	src, err := os.ReadFile(proc)
	if err != nil {
		t.Fatal(err)
	}
	src = bytes.ReplaceAll(src, []byte("func runqput(pp *p, "), []byte("func runqput(q *p, "))
	if err := os.WriteFile(proc, src, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ goroot, version, cache, want string }{
		{goroot, "go1.25.1", "", "weft opens the runtime of Go 1.26.x only"},
		{modified, version, "", "runtime/proc.go: runqput(pp *p, gp *g, next bool): it is declared as runqput(q *p, gp *g, next bool)"},
		{goroot, version, proc, "weft can't write its cache"},
		{"", "", "", "there is no go command in PATH"},
	} {
		bin := t.TempDir()
		if c.version != "" {
			env := fmt.Sprintf(`{"GOROOT":%q,"GOVERSION":%q,"GOOS":%q,"GOARCH":%q}`, c.goroot, c.version, runtime.GOOS, runtime.GOARCH)
			os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\necho '"+env+"'\n"), 0o777)
		}
		cmd := exec.Command(weftBinary, "run", "x.go")
		cmd.Env = append(os.Environ(), "PATH="+bin)
		if c.cache != "" {
			cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+c.cache, "HOME="+c.cache)
		}
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), c.want) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("status %d, %q, want one line with %q", cmd.ProcessState.ExitCode(), out, c.want)
		}
	}
}
