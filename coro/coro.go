// Package coro is one coroutine: a function with a stack of its own that can be
// left in the middle, at any call depth, and gone on with later.
//
//	c := coro.New(func(c *coro.Coro) {
//		fmt.Println("one")
//		c.Yield()
//		fmt.Println("two")
//	})
//	c.Resume() // one
//	c.Resume() // two
//
// A Coro has no scheduler: it runs when somebody calls Resume, on that caller's
// thread, and the caller goes on when it yields or ends. Package weft schedules
// coroutines over processors; it is built on the same switch.
package coro

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"unsafe"

	"github.com/weftgo/weft/internal/ident"
)

// Status is where a coroutine is in its life.
//
//	Created ──Resume──▶ Running ◀──Resume── Suspended
//	   │                 │   └────Yield──────▶ │
//	   └─────Cancel──────┼──────────Cancel─────┘
//	                     ▼
//	                    Dead
type Status int32

// The statuses.
const (
	Created Status = iota
	Suspended
	Running
	Dead
)

// String returns the status in lower case, as "suspended".
func (s Status) String() string {
	switch s {
	case Created:
		return "created"
	case Suspended:
		return "suspended"
	case Running:
		return "running"
	case Dead:
		return "dead"
	}
	return "unknown status"
}

// What Resume and Cancel refuse.
var (
	ErrDead    = errors.New("coro: resume of a dead coroutine")
	ErrRunning = errors.New("coro: the coroutine is running")
	ErrGoexit  = errors.New("coro: the coroutine called runtime.Goexit")
)

// PanicError is a panic that left a coroutine's function.
type PanicError struct {
	ID    uint64 // the coroutine
	Value any    // what it panicked with
	Stack []byte // its own stack at the panic, as debug.Stack formats it
}

// Error returns the value and the coroutine's stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("coroutine %d: panic: %v\n\n%s", e.ID, e.Value, e.Stack)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Coro is a coroutine. Make one with New.
type Coro struct {
	raw    Raw
	id     uint64
	fn     func(*Coro)
	status atomic.Int32 // Status; moved to Running by CAS, by whoever resumes

	// Owned by the coroutine while it runs, by its resumer otherwise.
	cancelled bool  // unwind instead of going on
	exiting   bool  // held in main's deferred call, perhaps with a Goexit under way
	err       error // how fn ended
	stack     Stack
}

// Stack is where a coroutine's execution state lies, for display: the bounds
// of its stack and what it saved when it last yielded. The Go runtime moves
// stacks, so the numbers are those of that moment. Zero means not known.
type Stack struct {
	Lo, Hi uintptr // bounds, Lo the lower
	SP     uintptr // stack pointer when it last yielded
	PC     uintptr // where it goes on
}

var (
	lastID  atomic.Uint64
	current ident.Table // goroutine → *Coro
)

// New returns a coroutine that will run fn. It starts at the first Resume.
//
// Like iter.Pull, a coroutine that is dropped before it is dead keeps its
// stack for ever: run it to its end or Cancel it.
func New(fn func(*Coro)) *Coro {
	if fn == nil {
		panic("coro: New with a nil function")
	}
	c := &Coro{id: lastID.Add(1), fn: fn}
	c.raw.Init(c.main)
	return c
}

// Current returns the coroutine that the caller runs on, nil if it runs on none.
func Current() *Coro { return (*Coro)(current.Get()) }

// ID returns a number that no other coroutine of the process has.
func (c *Coro) ID() uint64 { return c.id }

// Status returns where c is in its life.
func (c *Coro) Status() Status { return Status(c.status.Load()) }

// Entry returns the name of c's function, as "main.worker".
func (c *Coro) Entry() string {
	pc := **(**uintptr)(unsafe.Pointer(&c.fn)) // a func value points to its code pointer
	if f := runtime.FuncForPC(pc); f != nil {
		return f.Name()
	}
	return "unknown"
}

// Stack returns where c's execution state lies. Call it while c is suspended.
func (c *Coro) Stack() Stack { return c.stack }

// Resume runs c until it yields or ends, and returns nil, or how it ended: a
// *PanicError, or ErrGoexit. A dead coroutine returns ErrDead, one that runs
// (the caller itself, or on another thread) ErrRunning; neither is disturbed.
//
// The caller waits; it must not be locked to its thread (runtime.LockOSThread),
// which the Go runtime answers with a fatal error.
func (c *Coro) Resume() error {
	if err := c.acquire(); err != nil {
		return err
	}
	return c.run()
}

// Cancel ends c where it stands: its deferred calls run, and c is dead when
// Cancel returns. If they yield, that ends them too. It returns nil, or the
// *PanicError of a deferred call; ErrRunning if c runs. A dead coroutine stays
// dead and gives nil.
func (c *Coro) Cancel() error {
	if err := c.acquire(); err != nil {
		if err == ErrDead {
			return nil
		}
		return err
	}
	c.cancelled = true
	err := c.run()
	if err == ErrGoexit {
		return nil
	}
	return err
}

// Yield leaves c, and returns when it is resumed. Only the code that runs on c
// may call it. When c is cancelled it does not return.
func (c *Coro) Yield() {
	if Current() != c {
		panic(fmt.Sprintf("coro: Yield of coroutine %d called by somebody else", c.id))
	}
	if c.cancelled {
		runtime.Goexit()
	}
	c.save(ident.CallerPC())
	c.raw.Swap()
	if c.cancelled {
		runtime.Goexit()
	}
}

func (c *Coro) save(pc uintptr) {
	c.stack.PC, c.stack.SP = pc, ident.StackPointer()
	c.stack.Lo, c.stack.Hi, _ = ident.StackBounds()
}

// acquire makes the caller the only one who may switch to c.
func (c *Coro) acquire() error {
	for {
		s := c.status.Load()
		switch Status(s) {
		case Dead:
			return ErrDead
		case Running:
			return fmt.Errorf("%w: coroutine %d", ErrRunning, c.id)
		}
		if c.status.CompareAndSwap(s, int32(Running)) {
			return nil
		}
	}
}

// run switches to c. Only when it is back is c suspended: until then its stack
// is in use, and a second Resume must be refused.
func (c *Coro) run() error {
	c.raw.Swap()
	if c.exiting {
		c.raw.Finish()
	}
	if c.fn != nil {
		c.status.Store(int32(Suspended))
		return nil
	}
	c.status.Store(int32(Dead))
	return c.err
}

// main runs on the coroutine's stack. A panic ends here. A Goexit can't be
// stopped, and iter.Pull would pass it on to whoever resumed: so it is held in
// the deferred call, c is given back, and run lets another goroutine take it.
// A panic may have come out of a deferred call of a Goexit, which then goes on,
// so it is treated the same.
func (c *Coro) main(back func(struct{}) bool) {
	c.raw.Begin(back)
	current.Put(unsafe.Pointer(c))
	returned := false
	defer func() {
		if !returned {
			c.err, c.exiting = ErrGoexit, true
			if v := recover(); v != nil {
				c.err = &PanicError{ID: c.id, Value: v, Stack: debug.Stack()}
			}
		}
		c.fn = nil
		current.Delete()
		if c.exiting {
			c.raw.Swap()
		}
	}()
	if !c.cancelled {
		c.fn(c)
	}
	returned = true
}
