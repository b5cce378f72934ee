package wsync

import "runtime"

var procs = runtime.GOMAXPROCS(0)

// canSpin reports whether somebody else can run while the caller spins.
func canSpin() bool { return procs > 1 }
