package racy

import (
	"sync"
	"testing"
)

// Double-checked locking: the first check reads what another one writes under the lock.

type settings struct {
	mu    sync.Mutex
	value *int
}

func (s *settings) get() int {
	if s.value != nil {
		return *s.value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == nil {
		s.value = new(int)
		*s.value = 7
	}
	return *s.value
}

func TestDoubleChecked(t *testing.T) {
	s := &settings{}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if s.get() != 7 {
				t.Error("not initialised")
			}
		})
	}
	wg.Wait()
}
