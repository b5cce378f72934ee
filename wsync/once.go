package wsync

import (
	"sync/atomic"

	"github.com/weftgo/weft/internal/ident"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
)

// Once does something once; see [sync.Once]. The zero value has not done it. It
// must not be copied after first use.
type Once struct {
	done atomic.Bool // set when f has returned, under m
	m    Mutex
}

// Do calls f if this is the first call of Do on o; else it waits until that
// first f has returned. A panic or Goexit of f counts as its return.
func (o *Once) Do(f func()) {
	if !o.done.Load() {
		o.doSlow(f)
	}
}

func (o *Once) doSlow(f func()) {
	if !o.m.word.CompareAndSwap(0, ident.Self()|mutexLocked) {
		o.m.lockSlow(trace.WaitOnce, o)
	}
	defer o.m.Unlock()
	if !o.done.Load() {
		defer o.done.Store(true)
		f()
	}
}

// Holder returns the coroutine that runs f, for reports; nil when none does.
func (o *Once) Holder() *sched.G { return o.m.Holder() }

// HeldBy names who runs f, for reports; "" when nobody does.
func (o *Once) HeldBy() string { return o.m.HeldBy() }

// heldBy makes a Once whose f waits for itself part of a lock cycle.
func (o *Once) heldBy() uintptr { return o.m.heldBy() }

// OnceFunc returns a function that calls f only once, however often and from
// wherever it is called. If f panics, each call panics with the same value.
func OnceFunc(f func()) func() {
	once := OnceValue(func() struct{} {
		f()
		return struct{}{}
	})
	return func() { once() }
}

// OnceValue is OnceFunc for a function with a result.
func OnceValue[T any](f func() T) func() T {
	d := &onceCall[T]{f: f}
	return d.call
}

// OnceValues is OnceFunc for a function with two results.
func OnceValues[T1, T2 any](f func() (T1, T2)) func() (T1, T2) {
	type pair struct {
		v1 T1
		v2 T2
	}
	once := OnceValue(func() (p pair) {
		p.v1, p.v2 = f()
		return p
	})
	return func() (T1, T2) {
		p := once()
		return p.v1, p.v2
	}
}

// onceCall is the state of OnceValue. What once.Do writes is read after it.
type onceCall[T any] struct {
	once     Once
	f        func() T
	returned bool // f has, rather than panicked
	result   T
	panicked any
}

func (d *onceCall[T]) call() T {
	d.once.Do(d.run)
	if !d.returned {
		panic(d.panicked)
	}
	return d.result
}

func (d *onceCall[T]) run() {
	defer func() {
		d.f = nil // let the collector have what it refers to
		if !d.returned {
			d.panicked = recover()
			panic(d.panicked) // with f's stack, the first time
		}
	}()
	d.result = d.f()
	d.returned = true
}
