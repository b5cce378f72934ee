package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/twicecomputed: the first one leaves a Once that the second one waits for.

type memo struct {
	mu       sync.Mutex
	values   map[string]*value
	computed int
}

type value struct {
	once sync.Once
	n    int
}

func (m *memo) compute(key string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.computed++
	return len(key)
}

func (m *memo) get(key string) int {
	m.mu.Lock()
	v, ok := m.values[key]
	if !ok {
		v = &value{}
		m.values[key] = v
	}
	m.mu.Unlock()
	v.once.Do(func() { v.n = m.compute(key) })
	return v.n
}

func TestTwiceComputed(t *testing.T) {
	m := &memo{values: map[string]*value{}}
	var wg sync.WaitGroup
	wg.Go(func() { m.get("key") })
	wg.Go(func() { m.get("key") })
	wg.Wait()
	if m.computed != 1 {
		t.Errorf("computed %d times, want once", m.computed)
	}
}
