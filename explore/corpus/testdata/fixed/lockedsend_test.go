package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/lockedsend: publish gives the lock back before it sends.

type topic struct {
	mu   sync.Mutex
	sent int
	out  chan int
}

func (p *topic) publish(v int) {
	p.mu.Lock()
	p.sent++
	p.mu.Unlock()
	p.out <- v
}

func (p *topic) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

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
