// Package ident answers "who am I?" without an argument: it reads the address
// of the Go runtime's g for the calling goroutine and uses it as a key, never
// as something to look into (RATIONALE: "How does a call find its coroutine?").
package ident

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Table maps goroutines to a value that each of them has registered for
// itself. Lookups are lock-free: a goroutine only ever asks for its own key,
// which it put in itself and nobody else takes out, so the bucket it seeks
// can't change while it looks. Writers take the lock; a table that grows is
// copied and then published whole, and a reader still in the old one finds its
// key there.
//
// The zero value is empty.
type Table struct {
	buckets atomic.Pointer[buckets]

	mu   sync.Mutex
	live int // keys present
	used int // keys present and tombstones
}

type bucket struct {
	key atomic.Uintptr // 0 free, 1 deleted
	val unsafe.Pointer // written before key is, and then only when that is deleted
}

type buckets struct {
	b    []bucket
	mask uint64 // len(b)-1; len(b) is a power of two
}

const (
	free    = 0
	deleted = 1
	minLog  = 6
)

// Get returns what the calling goroutine has registered, or nil.
func (t *Table) Get() unsafe.Pointer { return get(t) }

// GetCaller is Get and CallerPC in one.
func (t *Table) GetCaller() (val unsafe.Pointer, pc uintptr) { return getCaller(t) }

// getKey is Get for the goroutine with that Self. get is the same in one call.
func (t *Table) getKey(key uintptr) unsafe.Pointer {
	bs := t.buckets.Load()
	if bs == nil || key <= deleted { // nobody: a free bucket must not match
		return nil
	}
	for i := hash(key); ; i++ {
		b := &bs.b[i&bs.mask]
		switch b.key.Load() {
		case key:
			return atomic.LoadPointer(&b.val)
		case free:
			return nil
		}
	}
}

// Put registers val for the calling goroutine, which has nothing registered.
func (t *Table) Put(val unsafe.Pointer) {
	key := Self()
	t.mu.Lock()
	defer t.mu.Unlock()
	bs := t.buckets.Load()
	if bs == nil || (t.used+1)*4 > len(bs.b)*3 {
		bs = t.rehashLocked(bs)
	}
	bs.insert(key, val)
	t.live++
	t.used++
}

// Delete takes the calling goroutine's registration out. It must do so before
// it ends: the Go runtime reuses the address.
func (t *Table) Delete() {
	key := Self()
	t.mu.Lock()
	defer t.mu.Unlock()
	bs := t.buckets.Load()
	if bs == nil {
		return
	}
	for i := hash(key); ; i++ {
		b := &bs.b[i&bs.mask]
		switch b.key.Load() {
		case key:
			b.key.Store(deleted)
			atomic.StorePointer(&b.val, nil) // Peek may look at it
			t.live--
			return
		case free:
			return
		}
	}
}

// Find returns what the goroutine with that Self has registered, or nil; 0 is
// nobody.
func (t *Table) Find(self uintptr) unsafe.Pointer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.getKey(self)
}

// Peek is Find without the lock: it may miss one that moves, or return one that
// has just gone.
func (t *Table) Peek(self uintptr) unsafe.Pointer { return t.getKey(self) }

// Near returns the address at which Get begins to look in the goroutine with that
// Self: for a hint to the processor, nothing else.
func (t *Table) Near(self uintptr) uintptr {
	bs := t.buckets.Load()
	if bs == nil {
		return 0
	}
	return uintptr(unsafe.Pointer(&bs.b[hash(self)&bs.mask]))
}

// Len returns how many goroutines are registered.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.live
}

func (t *Table) rehashLocked(old *buckets) *buckets {
	log := uint(minLog)
	for 1<<log < (t.live+1)*2 {
		log++
	}
	bs := &buckets{make([]bucket, 1<<log), 1<<log - 1}
	if old != nil {
		for i := range old.b {
			if k := old.b[i].key.Load(); k > deleted {
				bs.insert(k, old.b[i].val)
			}
		}
	}
	t.used = t.live
	t.buckets.Store(bs)
	return bs
}

func (bs *buckets) insert(key uintptr, val unsafe.Pointer) {
	for i := hash(key); ; i++ {
		b := &bs.b[i&bs.mask]
		if b.key.Load() == free {
			b.val = val
			b.key.Store(key)
			return
		}
	}
}

// hash is Fibonacci hashing: multiply by 2^64 divided by the golden ratio (Knuth,
// The Art of Computer Programming, 6.4). The upper half has the bits that depend on
// all of the key's, and its low ones choose the bucket: a mask is cheaper in get
// than a shift by a variable.
func hash(key uintptr) uint64 { return uint64(key) * 0x9E3779B97F4A7C15 >> 32 }
