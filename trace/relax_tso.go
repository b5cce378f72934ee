//go:build amd64 && !race

package trace

import (
	"sync/atomic"
	"unsafe"
)

// On amd64 a plain store is a release: it becomes visible after every load and
// store before it. sync/atomic's Store is an XCHG, which also orders it before
// every later load, at 2 ns that a ring need not pay twice an event. The Go
// compiler keeps stores in their order, and 64-bit stores are never torn.

func storeRel64(p *atomic.Uint64, v uint64) { *(*uint64)(unsafe.Pointer(p)) = v }
