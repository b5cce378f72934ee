//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	var n atomic.Int64
	var wg sync.WaitGroup
	stop := make(chan int)
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					n.Add(1)
					runtime.Gosched()
				}
			}
		})
	}
	for _, procs := range []int{1, 4, 2, 7, 1, 3} {
		before := n.Load()
		runtime.GOMAXPROCS(procs)
		for n.Load() < before+100 {
			runtime.Gosched()
		}
		fmt.Println(runtime.GOMAXPROCS(0))
	}
	close(stop)
	wg.Wait()
}
