//go:build amd64 && !race

package sched

import (
	"sync/atomic"
	"unsafe"
)

// On amd64 a plain store is a release: it becomes visible after every load and
// store before it. sync/atomic's Store is an XCHG, which also orders it before
// every later load, at 2 ns; who needs only the release uses these. The Go
// compiler keeps stores in their order (each takes the memory state of the one
// before), and 32- and 64-bit stores are never torn.

func storeRel32(p *atomic.Uint32, v uint32) { *(*uint32)(unsafe.Pointer(p)) = v }

func storeRel64(p *atomic.Uint64, v uint64) { *(*uint64)(unsafe.Pointer(p)) = v }

type counter32 = atomic.Uint32

// gslot is a place in a run queue. Its reads and writes race by design and are
// ordered by the queue's head and tail (runq.go); a pointer is never torn.
type gslot struct{ gp *G }

func (s *gslot) load() *G    { return s.gp }
func (s *gslot) store(gp *G) { s.gp = gp }
