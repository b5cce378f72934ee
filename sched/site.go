package sched

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/trace"
)

// Where a coroutine parks, for events: of the calls on its stack the innermost
// that stands in the program's own code. Between that and gopark are weft's
// functions, and perhaps the standard library's (crypto/tls, bufio, ...).
//
// At each park only return addresses are read. What one stands for is found out
// once: a function that was inlined has no return address of its own, so the
// stack is then walked as runtime.Callers does, which knows them. sites keeps it.
// Readers take no lock: own is written before pc, and neither changes afterwards.
// When there is no room any more, what is new is found out each time.

const (
	nearCalls  = 10 // most often it is among these; what lies further out is no longer in the cache
	siteBits   = 12 // of the table
	siteProbes = 16
)

// site is what a return address stands for.
type site struct {
	pc  atomic.Uintptr // 0: free
	own uintptr        // the innermost call there that is the program's own, as runtime.Callers would give it; 0: none is
}

var (
	sites   [1 << siteBits]site
	sitesMu sync.Mutex // to write
)

// callSite returns the call in the program's own code that its caller serves, 0 if
// there is none within 16 calls.
//
//go:noinline
func callSite() uint64 {
	var pcs [16]uintptr
	for _, pc := range pcs[:ident.Callers(pcs[:nearCalls])] {
		if own, known := findSite(pc); own != 0 {
			return uint64(own)
		} else if !known {
			break
		}
	}
	n := ident.Callers(pcs[:])
	for i, pc := range pcs[:n] {
		own, known := findSite(pc)
		if !known {
			own = learnSite(pcs[i:n])
		}
		if own != 0 {
			return uint64(own)
		}
	}
	return 0
}

func siteOf(pc uintptr, probe uint64) *site {
	return &sites[(uint64(pc)*0x9E3779B97F4A7C15>>(64-siteBits)+probe)%(1<<siteBits)]
}

func findSite(pc uintptr) (own uintptr, known bool) {
	for i := range uint64(siteProbes) {
		e := siteOf(pc, i)
		switch e.pc.Load() {
		case pc:
			return e.own, true
		case 0:
			return 0, false
		}
	}
	return 0, false
}

// learnSite finds out what callers[0] stands for: the calls that runtime.Callers
// lists from there up to the next return address.
//
//go:noinline
func learnSite(callers []uintptr) (own uintptr) {
	all := make([]uintptr, 64)
	all = all[:runtime.Callers(0, all)]
	from := slices.Index(all, callers[0])
	if from < 0 {
		return 0
	}
	all = all[from:]
	if len(callers) > 1 {
		if n := slices.Index(all, callers[1]); n > 0 {
			all = all[:n]
		}
	}
	own = trace.Own(all)
	sitesMu.Lock()
	defer sitesMu.Unlock()
	for i := range uint64(siteProbes) {
		if e := siteOf(callers[0], i); e.pc.Load() == 0 {
			e.own = own
			e.pc.Store(callers[0])
			break
		}
	}
	return own
}
