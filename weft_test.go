package weft_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
)

// inChild runs this test again in a process of its own, where child is called.
func inChild(t *testing.T, child func()) (stderr string, code int) {
	t.Helper()
	if os.Getenv("WEFT_CHILD") == t.Name() {
		child()
		os.Exit(99)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "WEFT_CHILD="+t.Name())
	var b strings.Builder
	cmd.Stderr = &b
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return b.String(), cmd.ProcessState.ExitCode()
}

func TestMainExitsWhenMainReturnsWhoeverIsStillThere(t *testing.T) {
	_, code := inChild(t, func() {
		weft.Main(func() {
			weft.Go(func() { weft.Sleep(time.Hour) })
			weft.Yield()
		})
	})
	if code != 0 {
		t.Fatalf("status %d, want 0", code)
	}
}

func TestMainExitsWithTwoAfterAPanicAndNamesTheCoroutine(t *testing.T) {
	stderr, code := inChild(t, func() {
		weft.Main(func() {
			weft.Go(bad)
			weft.Sleep(time.Hour)
		})
	})
	if code != 2 {
		t.Fatalf("status %d, want 2", code)
	}
	for _, want := range []string{"panic: out of order", "coroutine g2", "weft_test.bad", "created by g1", "weft_test.go"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the report has no %q:\n%s", want, stderr)
		}
	}
}

//go:noinline
func bad() { panic("out of order") }

func TestMainExitsWithTwoAfterADeadlock(t *testing.T) {
	stderr, code := inChild(t, func() {
		weft.Main(func() {
			c := wsync.NewChan[int](0)
			weft.Go(func() { c.Send(1); c.Send(2) })
			c.Recv()
			wsync.NewChan[int](0).Recv()
		})
	})
	if code != 2 {
		t.Fatalf("status %d, want 2", code)
	}
	for _, want := range []string{"deadlock", "g1 ", "[chan receive", "g2 ", "[chan send", "weft_test.go"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the report has no %q:\n%s", want, stderr)
		}
	}
}

func TestMainExitsWithOneForWrongOptions(t *testing.T) {
	stderr, code := inChild(t, func() { weft.Main(func() {}, weft.Procs(-3)) })
	if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "-3 Ps") {
		t.Fatalf("status %d, standard error %q; want 1 and one line", code, stderr)
	}
}

func TestGoArgCopiesItsArgumentAtTheCall(t *testing.T) {
	var got []int
	err := weft.Run(func() {
		var wg wsync.WaitGroup
		wg.Add(3)
		for i := 0; i < 3; i++ {
			x := i
			weft.GoArg(func(v int) { got = append(got, v); wg.Done() }, x)
			x = 100
			_ = x
		}
		wg.Wait()
	}, weft.Procs(1))
	if err != nil || len(got) != 3 || got[0]+got[1]+got[2] != 3 {
		t.Fatalf("got %v, error %v", got, err)
	}
}

func TestASeedRepeatsTheRunAndAnotherSeedDoesNot(t *testing.T) {
	order := func(seed uint64) string {
		var b strings.Builder
		err := weft.Run(func() {
			var wg wsync.WaitGroup
			c := wsync.NewChan[int](1)
			for i := range 6 {
				wg.Add(1)
				weft.Go(func() {
					defer wg.Done()
					for range 4 {
						weft.Sleep(time.Duration(i%3) * time.Second)
						fmt.Fprint(&b, i)
						wsync.Select(wsync.OnSend(c, i, func() {}), wsync.OnRecv(c, func(v int, _ bool) { fmt.Fprint(&b, "<", v) }))
					}
				})
			}
			wg.Wait()
		}, weft.Seed(seed))
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	different := map[string]bool{}
	for seed := range uint64(20) {
		first := order(seed)
		for range 10 {
			if again := order(seed); again != first {
				t.Fatalf("seed %d gave %s and then %s", seed, first, again)
			}
		}
		different[first] = true
	}
	if len(different) < 15 {
		t.Fatalf("20 seeds gave only %d different runs", len(different))
	}
}

func TestInitialisersRunInOrderBeforeMain(t *testing.T) {
	_, code := inChild(t, func() {
		var log []string
		weft.Init(func() { log = append(log, "one") })
		weft.Init(func() { log = append(log, "two") })
		weft.Main(func() {
			if strings.Join(log, " ") != "one two" {
				os.Exit(7)
			}
		})
	})
	if code != 0 {
		t.Fatalf("status %d, want 0", code)
	}
}

func TestACoroutineIsCreatedWhereGoWasCalled(t *testing.T) {
	park := func() { var wg wsync.WaitGroup; wg.Add(1); wg.Wait() }
	var want []string
	here := func() { // of the line above
		_, file, line, _ := runtime.Caller(1)
		want = append(want, fmt.Sprintf("%s:%d", file, line-1))
	}
	var dead *weft.DeadlockError
	err := weft.Run(func() {
		weft.Go(park)
		here()
		weft.GoArg(func(int) { park() }, 1)
		here()
		func() {
			weft.Go(func() { park() })
			here()
		}()
		park()
	})
	if !errors.As(err, &dead) {
		t.Fatalf("got %v", err)
	}
	got := map[string]bool{}
	for _, p := range dead.Parked {
		f, _ := runtime.CallersFrames([]uintptr{p.GoPC}).Next()
		got[fmt.Sprintf("%s:%d", f.File, f.Line)] = true
	}
	for _, w := range want {
		if !got[w] {
			t.Errorf("none was created at %s, but at %v", w, got)
		}
	}
}
