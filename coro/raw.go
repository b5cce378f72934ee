package coro

import "iter"

// Raw is the bare switch: a stack and two ways across. It checks nothing, for
// schedulers that know by their own state that a Raw is entered by one
// goroutine at a time and left only by the code on it. Everyone else wants
// [Coro].
//
// It is Go's own coroutine switch, reached through iter.Pull, so the stack
// grows, is scanned by the collector and shows in profiles (RATIONALE: "What
// carries a coroutine?").
type Raw struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
}

// Init makes the stack. body runs on it from the first Switch on and must
// return in the end: a Raw that is dropped before leaks its goroutine. body
// must recover its panics; if it ends by runtime.Goexit, so does the goroutine
// that switched to it (see Finish).
//
// The goroutines that call Init and Switch must not be locked to a thread.
func (r *Raw) Init(body func(*Raw)) {
	r.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		r.yield = yield
		body(r)
	})
}

// Switch runs the code on r until it calls Back or body returns.
func (r *Raw) Switch() { r.next() }

// Back leaves r, from the code that runs on it; it returns at the next Switch.
func (r *Raw) Back() { r.yield(struct{}{}) }

// Finish switches to r for the last time, when body is about to return or to
// end by Goexit, and waits until it has. A Goexit takes a goroutine made for
// the purpose and not the caller.
func (r *Raw) Finish() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.next()
	}()
	<-done
}
