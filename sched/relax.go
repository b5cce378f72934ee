//go:build !amd64 || race

package sched

import "sync/atomic"

// See relax_tso.go. Elsewhere, and for the race detector, a release is an
// atomic store (STLR on arm64, which is cheap).

func storeRel32(p *atomic.Uint32, v uint32) { p.Store(v) }

func storeRel64(p *atomic.Uint64, v uint64) { p.Store(v) }

type counter32 = atomic.Uint32

// gslot is a place in a run queue.
type gslot struct{ gp atomic.Pointer[G] }

func (s *gslot) load() *G    { return s.gp.Load() }
func (s *gslot) store(gp *G) { s.gp.Store(gp) }
