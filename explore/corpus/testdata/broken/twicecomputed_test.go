package broken

import (
	"sync"
	"testing"
)

// Two callers that miss at the same time both compute the value.

type memo struct {
	mu       sync.Mutex
	values   map[string]int
	computed int
}

func (m *memo) compute(key string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.computed++
	return len(key)
}

func (m *memo) get(key string) int {
	m.mu.Lock()
	n, ok := m.values[key]
	m.mu.Unlock()
	if !ok {
		n = m.compute(key)
		m.mu.Lock()
		m.values[key] = n
		m.mu.Unlock()
	}
	return n
}

// want fail
func TestTwiceComputed(t *testing.T) {
	m := &memo{values: map[string]int{}}
	var wg sync.WaitGroup
	wg.Go(func() { m.get("key") })
	wg.Go(func() { m.get("key") })
	wg.Wait()
	if m.computed != 1 {
		t.Errorf("computed %d times, want once", m.computed)
	}
}
