package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/lostwakeup: the bell is emptied before the work is looked for.

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

func TestLostWakeup(t *testing.T) {
	m := &mailbox{bell: make(chan struct{}, 1)}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() { m.post(i) })
	}
	for got := 0; got < 2; {
		<-m.bell
		got += len(m.take())
	}
	wg.Wait()
}
