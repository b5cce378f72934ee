//go:build !amd64 || race

package trace

import "sync/atomic"

// See relax_tso.go. Elsewhere a release is an atomic store.

//go:norace
func storeRel64(p *atomic.Uint64, v uint64) { p.Store(v) }
