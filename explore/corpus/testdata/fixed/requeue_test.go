package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/requeue: a worker tries a failed job again itself.

func attempt(tries int) bool { return tries > 0 } // the first one always fails

func TestRequeue(t *testing.T) {
	const jobs = 4
	queue := make(chan int, 2)
	var left sync.WaitGroup
	left.Add(jobs)
	for range 2 {
		go func() {
			for tries := range queue {
				for !attempt(tries) {
					tries++
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
