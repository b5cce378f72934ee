// Work does one kind of scheduling work again and again, and prints the
// processor time that a unit of it took, in nanoseconds.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

var works = map[string]struct {
	n  int
	do func(n int)
}{
	"chan":    {600_000, channel},
	"go":      {600_000, spawn},
	"yield":   {3_000_000, yield},
	"mutex":   {300_000, mutex},
	"syscall": {1_000_000, getpid},
}

func main() {
	w := works[os.Args[1]]
	w.do(w.n / 10)
	var a, b syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &a)
	w.do(w.n)
	syscall.Getrusage(syscall.RUSAGE_SELF, &b)
	ns := b.Utime.Nano() - a.Utime.Nano() + b.Stime.Nano() - a.Stime.Nano()
	fmt.Println(float64(ns) / float64(w.n))
}

func channel(n int) {
	a, b := make(chan int), make(chan int)
	go func() {
		for v := range a {
			b <- v
		}
	}()
	for i := range n {
		a <- i
		<-b
	}
	close(a)
}

func spawn(n int) {
	var wg sync.WaitGroup
	for range n / 100 {
		for range 100 {
			wg.Go(func() {})
		}
		wg.Wait()
	}
}

func yield(n int) {
	for range n {
		runtime.Gosched()
	}
}

// mutex hands a lock on between goroutines that park for it.
func mutex(n int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range n / 4 {
				mu.Lock()
				runtime.Gosched()
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func getpid(n int) {
	for range n {
		syscall.Syscall(syscall.SYS_GETPPID, 0, 0, 0)
	}
}
