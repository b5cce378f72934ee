package broken

import (
	"sync/atomic"
	"testing"
)

// Who gives up a reference looks afterwards whether it was the last; two may find that it was.

type shared struct {
	references int32
	freed      chan bool
}

func (s *shared) release() {
	atomic.AddInt32(&s.references, -1)
	if atomic.LoadInt32(&s.references) == 0 {
		close(s.freed)
	}
}

// want panic
func TestLastOne(t *testing.T) {
	s := &shared{references: 2, freed: make(chan bool)}
	go s.release()
	s.release()
	<-s.freed
}
