package fixed

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The twin of racy/doublechecked: the first check is an atomic load.

type settings struct {
	mu    sync.Mutex
	value atomic.Pointer[int]
}

func (s *settings) get() int {
	if v := s.value.Load(); v != nil {
		return *v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value.Load() == nil {
		v := 7
		s.value.Store(&v)
	}
	return *s.value.Load()
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
