package fixed

import (
	"sync/atomic"
	"testing"
)

// The twin of broken/lastone: the operation that gives it up says so.

type shared struct {
	references int32
	freed      chan bool
}

func (s *shared) release() {
	if atomic.AddInt32(&s.references, -1) == 0 {
		close(s.freed)
	}
}

func TestLastOne(t *testing.T) {
	s := &shared{references: 2, freed: make(chan bool)}
	go s.release()
	s.release()
	<-s.freed
}
