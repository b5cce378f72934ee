//go:build !amd64 && !arm64

package ident

import (
	"runtime"
	"unsafe"
)

// Self returns a number that no other live goroutine has: its id, read from
// the heading of its stack trace (about a microsecond).
func Self() uintptr {
	var buf [64]byte
	head := buf[:runtime.Stack(buf[:], false)]
	id := uintptr(0)
	for _, c := range head[len("goroutine "):] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uintptr(c-'0')
	}
	return id<<4 | 2 // never free or deleted
}

func get(t *Table) unsafe.Pointer { return t.getKey(Self()) }

func getCaller(t *Table) (val unsafe.Pointer, pc uintptr) {
	var pcs [1]uintptr
	runtime.Callers(4, pcs[:])
	return t.Get(), pcs[0]
}

// CallerPC returns the return address of the function that calls it.
func CallerPC() uintptr {
	var pc [1]uintptr
	runtime.Callers(3, pc[:])
	return pc[0]
}

// Callers writes the return addresses on the calling function's stack to pcs.
func Callers(pcs []uintptr) int { return runtime.Callers(3, pcs) }

// StackPointer is not known here.
func StackPointer() uintptr { return 0 }

// StackBounds is not known here.
func StackBounds() (lo, hi uintptr, ok bool) { return 0, 0, false }
