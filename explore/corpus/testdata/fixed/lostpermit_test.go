package fixed

import (
	"errors"
	"sync"
	"testing"
)

// The twin of broken/lostpermit: the permit's return is deferred.

type service struct {
	permits chan struct{}
	mu      sync.Mutex
	closed  bool
}

func (s *service) call() error {
	s.permits <- struct{}{}
	defer func() { <-s.permits }()
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errors.New("closed")
	}
	return nil
}

func TestLostPermit(t *testing.T) {
	s := &service{permits: make(chan struct{}, 1)}
	var wg sync.WaitGroup
	wg.Go(func() { s.call() })
	wg.Go(func() { s.call() })
	wg.Go(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
	})
	wg.Wait()
}
