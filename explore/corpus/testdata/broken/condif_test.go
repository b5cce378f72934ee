package broken

import (
	"sync"
	"testing"
)

// A consumer that was woken does not look again: another one may have taken the item.

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
	if len(q.items) == 0 {
		q.nonempty.Wait()
	}
	v := q.items[0]
	q.items = q.items[1:]
	return v
}

// want panic
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
