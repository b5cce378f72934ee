// Package addresses has tests that depend on where things lie, and such that don't.
package addresses

import (
	"sync"
	"testing"
)

type key struct {
	n  int
	at *int
}

func walk[K comparable](made func(n int) K, n int) {
	m := map[K]bool{}
	for i := range n {
		m[made(i)] = true
	}
	var wg sync.WaitGroup
	for range m {
		wg.Go(func() {})
	}
	wg.Wait()
}

func TestPointers(t *testing.T) { walk(func(n int) *int { return &n }, 20) }

func TestStructs(t *testing.T) { walk(func(n int) [1]key { return [1]key{{n, &n}} }, 20) }

func TestChans(t *testing.T) { walk(func(n int) chan int { return make(chan int) }, 20) }

func TestFewPointers(t *testing.T) { walk(func(n int) *int { return &n }, 8) }

func TestStrings(t *testing.T) { walk(func(n int) string { return string(rune('a' + n)) }, 20) }
