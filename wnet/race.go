//go:build race

package wnet

import (
	"runtime"
	"unsafe"
)

// What one end wrote happens before what the other end does after reading it.
// The race detector doesn't see the kernel in between, so, as package net does,
// every read is ordered after all writes before it.
var ioSync int64

func raceRead(p []byte) {
	runtime.RaceAcquire(unsafe.Pointer(&ioSync))
	if len(p) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&p[0]), len(p))
	}
}

func raceWrite(p []byte) {
	runtime.RaceReleaseMerge(unsafe.Pointer(&ioSync))
	if len(p) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&p[0]), len(p))
	}
}
