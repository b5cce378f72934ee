//go:build !amd64 || race

package sched

import "sync/atomic"

// See relax_tso.go. Elsewhere, and for the race detector, a release is an
// atomic store (STLR on arm64, which is cheap).

func storeRel32(p *atomic.Uint32, v uint32) { p.Store(v) }

func storeRel64(p *atomic.Uint64, v uint64) { p.Store(v) }
