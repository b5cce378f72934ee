// Package funcs has what go test runs beside tests: fuzz targets with their seeds, and examples; and a TestMain.
package funcs

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

var ready bool

// TestMain says in the file that FUNCS_LOG names what it does.
func TestMain(m *testing.M) {
	note("before")
	ready = true
	dir, err := os.MkdirTemp("", "funcs")
	if err != nil {
		panic(err)
	}
	m.Run()
	note("after")
	os.RemoveAll(dir)
}

func note(what string) {
	f, err := os.OpenFile(os.Getenv("FUNCS_LOG"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err == nil {
		fmt.Fprintln(f, what)
		f.Close()
	}
}

func TestMainWasFirst(t *testing.T) {
	if !ready {
		t.Error("TestMain has not run")
	}
}

func TestSubs(t *testing.T) {
	t.Run("a b", func(*testing.T) {})
	t.Run("broken", func(t *testing.T) { t.Error("always") })
}

// last returns the value that the goroutine which came last has written.
func last(a, b int) (got int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, v := range []int{a, b} {
		wg.Go(func() {
			mu.Lock()
			got = v
			mu.Unlock()
		})
	}
	wg.Wait()
	return got
}

func FuzzSeeds(f *testing.F) {
	f.Add(1)
	f.Add(2)
	f.Fuzz(func(t *testing.T, n int) {
		if got := last(n, 10*n); n == 7 && got != 70 {
			t.Errorf("%d of %d", got, n)
		}
	})
}

func FuzzRight(f *testing.F) {
	f.Add([]byte("x"), "y")
	f.Fuzz(func(t *testing.T, b []byte, s string) {
		t.Parallel()
		last(len(b), len(s))
	})
}

func FuzzParallelDeadlock(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) {
		c := make(chan int)
		if last(n, 2) == n {
			<-c
		}
	})
}

func Example_right() {
	last(1, 2)
	fmt.Println("one")
	fmt.Println("two")
	// Output:
	// one
	// two
}

func Example_unordered() {
	var wg sync.WaitGroup
	for n := range 3 {
		wg.Go(func() { fmt.Println(n) })
	}
	wg.Wait()
	// Unordered output:
	// 0
	// 1
	// 2
}

func Example_order() {
	var wg sync.WaitGroup
	for n := range 2 {
		wg.Go(func() { fmt.Println(n) })
	}
	wg.Wait()
	// Output:
	// 1
	// 0
}

func Example_deadlock() {
	c := make(chan int)
	if last(1, 2) == 1 {
		<-c
	}
	fmt.Println("done")
	// Output: done
}

func Example_notRun() { panic("it has no output comment") }
