package wsync

import (
	"math/rand/v2"
	"runtime"
)

var procs = runtime.GOMAXPROCS(0)

// canSpin reports whether somebody else can run while the caller spins.
func canSpin() bool { return procs > 1 }

// random returns a random number.
func random() uint32 { return rand.Uint32() }
