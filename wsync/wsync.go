// Package wsync has the channels and locks of weft: the names, methods, zero
// values and panics of Go's channels and of package sync, for coroutines. Each
// of them works between coroutines, between ordinary goroutines and between
// the two. A call that must wait parks its coroutine (or blocks its goroutine)
// and never its thread.
//
// Every call may be made from coroutines and from goroutines. Those whose
// documentation says that they don't park may also be made from timers.
//
// A fault that package sync makes fatal, such as the unlock of an unlocked
// mutex, is a panic here, with the same words: only the Go runtime can throw.
package wsync

// Error is the value of the panics of this package that are the Go runtime's
// own elsewhere, as "send on closed channel". It is a [runtime.Error].
type Error string

// Error returns the message.
func (e Error) Error() string { return string(e) }

// RuntimeError marks e as a runtime.Error.
func (e Error) RuntimeError() {}

// What a waker tells the waiter through Ready. Channels use index<<1 | closed,
// where index is the case of a select (0 when there is none); locks use granted
// and retry. A context's end is cancelled. The runtime's own outcome, for one
// that is unwound, is 0.
const (
	closedBit = 1

	unwound   = 0
	granted   = 1
	retry     = 2
	cancelled = 1<<20 - 1
)
