package ident

import (
	"runtime"
	"slices"
	"strconv"
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

//go:noinline
func calleeWith(t *Table) (unsafe.Pointer, uintptr) { return t.GetCaller() }

func TestCallerPCIsTheCallSite(t *testing.T) {
	var tab Table
	val := unsafe.Pointer(new(int))
	tab.Put(val)
	got, pc := calleeWith(&tab)
	if got != val {
		t.Errorf("GetCaller returns %p, not %p", got, val)
	}
	for _, pc := range []uintptr{callee(), pc} {
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		if !strings.HasSuffix(f.Function, "TestCallerPCIsTheCallSite") {
			t.Errorf("the caller is %s (%s:%d), not this test", f.Function, f.File, f.Line)
		}
	}
}

//go:noinline
func callersAt(depth int, pcs *[16]uintptr) int {
	if depth > 0 {
		n := callersAt(depth-1, pcs)
		pcs[15] ^= 0 // no tail call
		return n
	}
	return Callers(pcs[:])
}

func TestCallersAreTheStacks(t *testing.T) {
	for depth := range 40 {
		var pcs [16]uintptr
		n := callersAt(depth, &pcs)
		var names []string
		frames := runtime.CallersFrames(pcs[:n])
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			if !strings.Contains(f.Function, ".gowrap") {
				names = append(names, f.Function[strings.LastIndexByte(f.Function, '.')+1:])
			}
		}
		want := slices.Repeat([]string{"callersAt"}, depth)
		want = append(want, "TestCallersAreTheStacks", "tRunner", "goexit")
		if n != min(16, depth+4) || !slices.Equal(names, want[:min(len(names), len(want))]) {
			t.Fatalf("at depth %d: %v, want %v", depth, names, want)
		}
	}
}

func BenchmarkCallers(b *testing.B) {
	for _, depth := range []int{0, 4, 8} {
		b.Run(strconv.Itoa(depth), func(b *testing.B) {
			var pcs [16]uintptr
			for b.Loop() {
				callersAt(depth, &pcs)
			}
		})
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

func TestLayoutThatAssemblyKnows(t *testing.T) {
	var (
		tab Table
		bs  buckets
		b   bucket
	)
	at := []uintptr{
		unsafe.Offsetof(tab.buckets), unsafe.Offsetof(bs.b), unsafe.Offsetof(bs.mask),
		unsafe.Offsetof(b.key), unsafe.Offsetof(b.val), unsafe.Sizeof(b),
	}
	if want := []uintptr{0, 0, 24, 0, 8, 16}; !slices.Equal(at, want) && unsafe.Sizeof(at[0]) == 8 {
		t.Errorf("offsets %d, not %d", at, want)
	}
}

// A goroutine whose bucket is taken finds its own further on, round the end, and
// past what was deleted.
func TestGetLooksPastOthers(t *testing.T) {
	key, val := Self(), unsafe.Pointer(new(int))
	home := int(hash(key) & 63)
	for distance := range 64 {
		bs := &buckets{make([]bucket, 64), 63}
		for i := range distance {
			bs.b[(home+i)&63].key.Store([]uintptr{deleted, ^uintptr(i)}[i%2])
		}
		var tab Table
		tab.buckets.Store(bs)
		if got := tab.Get(); got != nil {
			t.Fatalf("found %p behind %d others, where nothing is", got, distance)
		}
		bs.insert(key, val)
		if got := tab.Get(); got != val {
			t.Fatalf("found %p behind %d others, not %p", got, distance, val)
		}
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

// Under the race detector this fails when a look for nobody matches a free bucket,
// which somebody may be filling.
func TestNobodyIsFoundWhileOthersComeAndGo(t *testing.T) {
	var tab Table
	tab.Put(unsafe.Pointer(new(int)))
	defer tab.Delete()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				var in sync.WaitGroup
				in.Go(func() { // a new goroutine: a bucket of its own as a rule
					tab.Put(unsafe.Pointer(&wg))
					tab.Delete()
				})
				if v := tab.Peek(0); v != nil {
					t.Errorf("Peek(0) returns %p", v)
				}
				in.Wait()
			}
		})
	}
	wg.Wait()
}
