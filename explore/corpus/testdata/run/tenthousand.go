//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	const n = 10000
	start := make(chan int)
	var ready, wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	ready.Add(n)
	for i := range n {
		wg.Go(func() {
			ready.Done()
			<-start
			mu.Lock()
			defer mu.Unlock()
			sum += i
		})
	}
	ready.Wait()
	fmt.Println(runtime.NumGoroutine() > n)
	close(start)
	wg.Wait()
	fmt.Println(sum)
}
