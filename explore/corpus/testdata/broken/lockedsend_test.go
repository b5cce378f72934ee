package broken

import (
	"sync"
	"testing"
)

// publish sends with the lock held, and the receiver takes the lock between two receives.

type topic struct {
	mu   sync.Mutex
	sent int
	out  chan int
}

func (p *topic) publish(v int) {
	p.mu.Lock()
	p.sent++
	p.out <- v
	p.mu.Unlock()
}

func (p *topic) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

// want deadlock
func TestLockedSend(t *testing.T) {
	p := &topic{out: make(chan int)}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { p.publish(i) })
	}
	for range 3 {
		<-p.out
		if n := p.count(); n < 1 || n > 3 {
			t.Errorf("count %d", n)
		}
	}
	wg.Wait()
}
