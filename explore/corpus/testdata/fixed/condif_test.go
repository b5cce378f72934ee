package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/condif: whoever was woken looks again.

type queue struct {
	mu       sync.Mutex
	nonempty *sync.Cond
	items    []int
}

func (q *queue) push(v int) {
	q.mu.Lock()
	q.items = append(q.items, v)
	q.mu.Unlock()
	q.nonempty.Signal()
}

func (q *queue) pop() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		q.nonempty.Wait()
	}
	v := q.items[0]
	q.items = q.items[1:]
	return v
}

func TestCondIf(t *testing.T) {
	q := &queue{}
	q.nonempty = sync.NewCond(&q.mu)
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() { q.pop() })
		wg.Go(func() { q.push(i) })
	}
	wg.Wait()
}
