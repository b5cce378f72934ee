package broken

import (
	"sync"
	"testing"
)

// The bell has one slot and is rung without waiting: it is emptied after the work was looked for, so a ring may be lost.

type mailbox struct {
	mu   sync.Mutex
	mail []int
	bell chan struct{}
}

func (m *mailbox) post(v int) {
	m.mu.Lock()
	m.mail = append(m.mail, v)
	m.mu.Unlock()
	select {
	case m.bell <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	mail := m.mail
	m.mail = nil
	return mail
}

// want deadlock
func TestLostWakeup(t *testing.T) {
	m := &mailbox{bell: make(chan struct{}, 1)}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() { m.post(i) })
	}
	for got := 0; got < 2; {
		got += len(m.take())
		select {
		case <-m.bell:
		default:
		}
		if got < 2 {
			<-m.bell
		}
	}
	wg.Wait()
}
