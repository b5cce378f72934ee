//go:build amd64 || arm64

package ident

import "unsafe"

// Self returns a number that no other live goroutine has: the address of its g.
// The same goroutine gets the same number for its whole life.
func Self() uintptr

// get is t.getKey(Self()).
//
//go:noescape
func get(t *Table) unsafe.Pointer

//go:noescape
func getCaller(t *Table) (val unsafe.Pointer, pc uintptr)

// CallerPC returns the return address of the function that calls it, which
// must not be inlined.
func CallerPC() uintptr

// Callers writes the return addresses on the calling function's stack to pcs, the
// innermost first, and returns how many it found. It follows the frame pointers,
// as Go's own tracer does: a load or two for each.
//
//go:noescape
func Callers(pcs []uintptr) int

// StackPointer returns the stack pointer of its caller, give or take a frame.
func StackPointer() uintptr

// StackBounds returns the calling goroutine's stack, for display only: lo and
// hi are the first two words of a g (the Go runtime keeps them there for its
// own assembly and for cgo). ok is false if the stack pointer isn't between
// them, so a runtime that moves them shows nothing rather than nonsense.
func StackBounds() (lo, hi uintptr, ok bool) {
	g := Self()
	b := *(**[2]uintptr)(unsafe.Pointer(&g))
	sp := StackPointer()
	lo, hi = b[0], b[1]
	return lo, hi, lo < sp && sp < hi && hi-lo <= 1<<30
}
