package broken

import (
	"errors"
	"sync"
	"testing"
)

// A call that finds the service closed returns without giving its permit back.

type service struct {
	permits chan struct{}
	mu      sync.Mutex
	closed  bool
}

func (s *service) call() error {
	s.permits <- struct{}{}
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errors.New("closed")
	}
	<-s.permits
	return nil
}

// want deadlock
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
