// Seen prints what a process can see of its own goroutines, for a test that
// compares it with what is recorded: one line of words for each.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"
)

type argument struct{ word int }

//go:noinline
func look(wg *sync.WaitGroup, a *argument) {
	var local int
	at := uintptr(unsafe.Pointer(&local)) // before anything that may move the stack
	var pcs [16]uintptr
	n := runtime.Callers(1, pcs[:])
	fmt.Println("goroutine", id(), at, pcs[n-1], uintptr(unsafe.Pointer(a)))
	wg.Done()
}

// id is the goroutine's, as its stack trace has it.
func id() string {
	var b [64]byte
	return strings.Fields(string(b[:runtime.Stack(b[:], false)]))[1]
}

func main() {
	fmt.Println("entry", entry())
	stack()
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		a := new(argument)
		go look(&wg, a)
		wg.Wait()
	}
	var mu sync.Mutex
	var rw sync.RWMutex
	ch := make(chan int)
	done := make(chan bool)
	fmt.Printf("objects %d %d %d %d\n", addr(&mu), addr(&rw), addr(&wg), *(*uintptr)(unsafe.Pointer(&ch)))
	mu.Lock()
	rw.Lock()
	wg.Add(1)
	go func() { mu.Lock(); done <- true }()
	go func() { rw.RLock(); done <- true }()
	go func() { wg.Wait(); done <- true }()
	go func() { <-ch; done <- true }()
	for !parked("sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait", "chan receive") {
		time.Sleep(time.Millisecond)
	}
	mu.Unlock()
	rw.Unlock()
	wg.Done()
	ch <- 1
	for range 4 {
		<-done
	}
}

// parked reports whether goroutines wait for each of the reasons.
func parked(reasons ...string) bool {
	b := make([]byte, 1<<16)
	all := string(b[:runtime.Stack(b, true)])
	for _, why := range reasons {
		if !strings.Contains(all, "["+why) {
			return false
		}
	}
	return true
}

func addr[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

// entry is what the kernel says of the executable: AT_ENTRY.
func entry() uint64 {
	b, _ := os.ReadFile("/proc/self/auxv")
	for ; len(b) >= 16; b = b[16:] {
		if binary.NativeEndian.Uint64(b) == 9 {
			return binary.NativeEndian.Uint64(b[8:])
		}
	}
	return 0
}

// stack prints where the kernel has put the main thread's stack.
func stack() {
	b, _ := os.ReadFile("/proc/self/maps")
	for line := range strings.Lines(string(b)) {
		if strings.HasSuffix(line, "[stack]\n") {
			var lo, hi uint64
			fmt.Sscanf(line, "%x-%x", &lo, &hi)
			fmt.Println("stack", lo, hi)
		}
	}
}
