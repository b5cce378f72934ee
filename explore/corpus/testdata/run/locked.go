//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	runtime.LockOSThread()
	ping, pong := make(chan int), make(chan int)
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread()
		for v := range ping {
			pong <- v + 1
		}
		// It ends locked: its thread goes with it.
	})
	v := 0
	for range 1000 {
		ping <- v
		v = <-pong
	}
	close(ping)
	wg.Wait()
	fmt.Println(v)
}
