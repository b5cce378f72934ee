// Deeds does, one after the other, what a program may do that a tool could
// stumble over. The first argument says which.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

var deeds = map[string]func(){
	"many":     many,
	"lock":     lock,
	"exit":     func() { defer fmt.Println("never"); os.Exit(7) },
	"goexit":   func() { go func() { os.Exit(9) }(); runtime.Goexit() },
	"panic":    func() { defer fmt.Println("deferred"); panic("on purpose") },
	"nil":      func() { var p *int; fmt.Println(*p) },
	"deadlock": func() { <-make(chan int) },
	"throw": func() {
		m := map[int]int{}
		go func() {
			for {
				m[1] = 1
			}
		}()
		for {
			m[1] = 2
		}
	},
	"overflow":   func() { debug.SetMaxStack(1 << 20); overflow(0) },
	"gc":         gc,
	"procs":      procs,
	"signal":     notify,
	"environ":    func() { fmt.Println(strings.Join(os.Environ(), "\n")) },
	"args":       func() { fmt.Printf("%q\n", os.Args[1:]) },
	"stdin":      stdin,
	"child":      child,
	"descriptor": descriptor,
	"kill":       func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); time.Sleep(time.Hour) }, // it comes soon: no deadlock till then
	"abort":      func() { signal.Reset(); syscall.Kill(os.Getpid(), syscall.SIGTERM); time.Sleep(time.Hour) },
	"sleep":      func() { fmt.Println("ready"); time.Sleep(time.Hour) },
	"exec":       func() { fmt.Println(syscall.Exec(self(), []string{"deeds", "args", "after exec"}, os.Environ())) },
}

func main() {
	deed := deeds[os.Args[1]]
	deed()
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// many runs 10,000 goroutines that all live at once.
func many() {
	var wg sync.WaitGroup
	gate, sum := make(chan bool), make(chan int, 10_000)
	for i := range 10_000 {
		wg.Go(func() { <-gate; sum <- i })
	}
	close(gate)
	wg.Wait()
	total := 0
	for range 10_000 {
		total += <-sum
	}
	fmt.Println(total)
}

// lock has goroutines with threads of their own hand something round.
func lock() {
	const rounds = 100
	done := make(chan int)
	ring := make([]chan int, 5)
	for i := range ring {
		ring[i] = make(chan int, 1)
	}
	for i := range ring {
		go func() {
			runtime.LockOSThread()
			for v := range ring[i] {
				if v == rounds {
					done <- v // and this thread ends with its goroutine
					return
				}
				ring[(i+1)%len(ring)] <- v + 1
			}
		}()
	}
	ring[0] <- 0
	fmt.Println("handed on", <-done, "times")
}

func overflow(n int) int { return overflow(n+1) + 1 }

func gc() {
	var keep [][]byte
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { runtime.GC() })
		keep = append(keep, make([]byte, 1<<16))
		if i%5 == 0 {
			keep = nil
		}
	}
	wg.Wait()
	runtime.GC()
	fmt.Println("collected")
}

func procs() {
	for _, n := range []int{1, 4, 2, 8, 1} {
		runtime.GOMAXPROCS(n)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(runtime.Gosched)
		}
		wg.Wait()
		fmt.Println(runtime.GOMAXPROCS(0))
	}
}

func notify() {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-got)
	signal.Notify(got, syscall.SIGTERM, syscall.SIGINT)
	if len(os.Args) > 2 && os.Args[2] == "wait" {
		fmt.Println("ready")
		fmt.Println(<-got)
		os.Exit(5)
	}
}

func stdin() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println("<", lines.Text())
		fmt.Fprintln(os.Stderr, ">", lines.Text())
	}
}

func child() {
	out, err := exec.Command(self(), "args", "of the child").CombinedOutput()
	fmt.Printf("%s%v\n", out, err)
	_, err = exec.Command(self(), "exit").CombinedOutput()
	var exit *exec.ExitError
	fmt.Println(errors.As(err, &exit) && exit.ExitCode() == 7)
}

// descriptor prints which descriptors are open, and the next that is free.
func descriptor() {
	f, err := os.Open(os.DevNull)
	if err != nil {
		panic(err)
	}
	fmt.Println("next", f.Fd())
	names, err := os.ReadDir("/dev/fd")
	if err != nil {
		panic(err)
	}
	fmt.Println(slices.IndexFunc(names, func(e os.DirEntry) bool { return e.Name() == "2" }) >= 0, len(names))
}
