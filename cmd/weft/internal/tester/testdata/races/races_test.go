// Package races has programs with a data race, and beside each a corrected one.
package races

import (
	"sync"
	"sync/atomic"
	"testing"
)

func both(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Go(f)
	wg.Wait()
}

func TestRacyCounter(t *testing.T) {
	n := 0
	both(func() { n++ })
}

func TestRightCounter(t *testing.T) {
	var mu sync.Mutex
	n := 0
	both(func() { mu.Lock(); n++; mu.Unlock() })
}

func TestRacyMap(t *testing.T) {
	m := map[int]int{}
	both(func() { m[1]++ })
}

func TestRightMap(t *testing.T) {
	var mu sync.Mutex
	m := map[int]int{}
	both(func() { mu.Lock(); m[1]++; mu.Unlock() })
}

func TestRacySlice(t *testing.T) {
	var s []int
	both(func() { s = append(s, 1) })
}

func TestRightSlice(t *testing.T) {
	var mu sync.Mutex
	var s []int
	both(func() { mu.Lock(); s = append(s, 1); mu.Unlock() })
}

func TestRacyFlag(t *testing.T) {
	done := false
	both(func() { done = !done })
}

func TestRightFlag(t *testing.T) {
	var done atomic.Bool
	both(func() { done.Store(!done.Load()) })
}

func TestRacyPointer(t *testing.T) {
	var p *int
	both(func() { p = new(int) })
	_ = p
}

func TestRightPointer(t *testing.T) {
	var p atomic.Pointer[int]
	both(func() { p.Store(new(int)) })
}

func TestRacyString(t *testing.T) {
	s := ""
	both(func() { s += "x" })
}

func TestRightString(t *testing.T) {
	var mu sync.Mutex
	s := ""
	both(func() { mu.Lock(); s += "x"; mu.Unlock() })
}

func TestRacyLazy(t *testing.T) {
	var v *int
	both(func() {
		if v == nil {
			v = new(int)
		}
	})
}

func TestRightLazy(t *testing.T) {
	var once sync.Once
	var v *int
	both(func() { once.Do(func() { v = new(int) }) })
	_ = v
}

func TestRacyReader(t *testing.T) {
	var mu sync.RWMutex
	n := 0
	both(func() { mu.RLock(); n++; mu.RUnlock() })
}

func TestRightReader(t *testing.T) {
	var mu sync.RWMutex
	n := 0
	both(func() { mu.Lock(); n++; mu.Unlock() })
}

func TestRacyWrongLock(t *testing.T) {
	n := 0
	both(func() { var mu sync.Mutex; mu.Lock(); n++; mu.Unlock() })
}

func TestRightWrongLock(t *testing.T) {
	mu := new(sync.Mutex)
	n := 0
	both(func() { mu.Lock(); n++; mu.Unlock() })
}

// The value is published by closing a channel, or before that.
func TestRacyPublish(t *testing.T) {
	c := make(chan bool)
	v := 0
	var wg sync.WaitGroup
	wg.Go(func() { close(c); v = 1 })
	<-c
	_ = v
	wg.Wait()
}

func TestRightPublish(t *testing.T) {
	c := make(chan bool)
	v := 0
	var wg sync.WaitGroup
	wg.Go(func() { v = 1; close(c) })
	<-c
	_ = v
	wg.Wait()
}

var _ atomic.Bool
