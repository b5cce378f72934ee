package broken

import (
	"sync"
	"testing"
)

// Workers put a failed job back into the queue that they alone empty, and it may be full.

func attempt(tries int) bool { return tries > 0 } // the first one always fails

// want deadlock
func TestRequeue(t *testing.T) {
	const jobs = 4
	queue := make(chan int, 2)
	var left sync.WaitGroup
	left.Add(jobs)
	for range 2 {
		go func() {
			for tries := range queue {
				if !attempt(tries) {
					queue <- tries + 1
					continue
				}
				left.Done()
			}
		}()
	}
	for range jobs {
		queue <- 0
	}
	left.Wait()
	close(queue)
}
