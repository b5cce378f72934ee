package ident

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

func TestSelfIsTheSameForAGoroutineAndDiffersBetweenThem(t *testing.T) {
	const n = 100
	seen := map[uintptr]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	hold := make(chan struct{})
	for range n {
		wg.Go(func() {
			a := Self()
			grow(1000)
			if b := Self(); a != b {
				t.Errorf("Self changed from %#x to %#x in one goroutine", a, b)
			}
			mu.Lock()
			seen[a] = true
			if len(seen) == n {
				close(hold)
			}
			mu.Unlock()
			<-hold
		})
	}
	wg.Wait()
}

func grow(n int) int {
	var pad [64]byte
	if n == 0 {
		return int(pad[0])
	}
	return grow(n-1) + int(pad[1])
}

//go:noinline
func callee() uintptr { return CallerPC() }

func TestCallerPCIsTheCallSite(t *testing.T) {
	pc := callee()
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if !strings.HasSuffix(f.Function, "TestCallerPCIsTheCallSite") {
		t.Fatalf("CallerPC is in %s (%s:%d), want this test", f.Function, f.File, f.Line)
	}
}

func TestStackBoundsEncloseALocal(t *testing.T) {
	lo, hi, ok := StackBounds()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("not known on this architecture")
	}
	if !ok {
		t.Fatalf("bounds %#x to %#x don't enclose the stack pointer", lo, hi)
	}
	var x int
	if p := uintptr(unsafe.Pointer(&x)); ok && (p < lo || p >= hi) {
		t.Fatalf("a local at %#x is outside %#x to %#x", p, lo, hi)
	}
}

func TestTableFindsEachGoroutinesOwnValueWhileItGrowsAndShrinks(t *testing.T) {
	var tab Table
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				var in sync.WaitGroup
				for range 10 {
					in.Go(func() {
						if tab.Get() != nil {
							t.Error("found a value before Put")
						}
						v := new(int)
						tab.Put(unsafe.Pointer(v))
						for range 20 {
							if tab.Get() != unsafe.Pointer(v) {
								t.Error("lost or confused a value")
							}
							runtime.Gosched()
						}
						tab.Delete()
						if tab.Get() != nil {
							t.Error("found a value after Delete")
						}
					})
				}
				in.Wait()
			}
		})
	}
	wg.Wait()
	if n := tab.Len(); n != 0 {
		t.Fatalf("%d values left", n)
	}
}

func BenchmarkGet(b *testing.B) {
	var tab Table
	tab.Put(unsafe.Pointer(new(int)))
	for b.Loop() {
		if tab.Get() == nil {
			b.Fatal("lost")
		}
	}
}

func BenchmarkCallerPC(b *testing.B) {
	for b.Loop() {
		callee()
	}
}
