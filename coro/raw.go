package coro

import (
	"iter"
	"unsafe"
)

// Raw is the bare switch: a place in which one goroutine rests, at first that of
// a new stack. [Raw.Swap] leaves the caller there and goes on with who rested.
// It checks nothing, for schedulers that know by their own state that a Raw is
// entered by one goroutine at a time. Everyone else wants [Coro].
//
// Mostly two take turns in a Raw: a scheduler, which resumes the stack, and the
// stack, which goes back to it. But whoever runs may take the place of any stack
// that rests, its own or another's, and so go on with that stack at once, for
// half the price of a way through the scheduler (RATIONALE: "How does one
// coroutine go on with another?").
//
// It is Go's own coroutine switch, reached through iter.Pull, so the stack
// grows, is scanned by the collector and shows in profiles (RATIONALE: "What
// carries a coroutine?").
type Raw struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
	odd   bool // iter.Pull's two ways must be gone in turn
}

// Init makes the stack. body runs on it from the first Swap on, must first give
// its argument to Begin, and must return in the end, while the stack's own Raw
// holds who is to go on then: a Raw that is dropped before leaks its goroutine.
// body must recover its panics; if it ends by runtime.Goexit, so may the
// goroutine that goes on (see Finish).
//
// The goroutines that call Init and Swap must not be locked to a thread.
func (r *Raw) Init(body iter.Seq[struct{}]) { r.next, _ = iter.Pull(body) }

// Begin notes the way back, for body. (That Init doesn't wrap body in a function
// that does so saves 8 bytes a stack.)
func (r *Raw) Begin(back func(struct{}) bool) { r.yield = back }

// Swap leaves the caller in r and goes on with the goroutine that rested there.
// It returns when somebody else swaps with the caller in r.
func (r *Raw) Swap() {
	if next, yield := r.Turn(); next != nil {
		next()
	} else {
		yield(struct{}{})
	}
}

// Turn is Swap without the last step: the caller must call the one of the two
// that is not nil. Each function that returns after a switch costs a wrongly
// predicted return, about 5 ns; so those for whom that matters do without Swap's.
func (r *Raw) Turn() (next func() (struct{}, bool), yield func(struct{}) bool) {
	r.odd = !r.odd
	if r.odd {
		return r.next, nil
	}
	return nil, r.yield
}

// Doors returns the addresses of what a Swap will call, one of the two: for a
// hint to the processor, nothing else.
func (r *Raw) Doors() (next, yield uintptr) {
	return *(*uintptr)(unsafe.Pointer(&r.next)), *(*uintptr)(unsafe.Pointer(&r.yield))
}

// Finish goes on for the last time with the stack that was made by r.Init, when
// it rests in r and body is about to return or to end by Goexit, and waits until
// it has. A Goexit takes a goroutine made for the purpose and not the caller.
func (r *Raw) Finish() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Swap()
	}()
	<-done
}
