//go:build ignore

// env: GOMAXPROCS=1
// exit: 0

package main

import (
	"fmt"
	"runtime"
)

var sum int

func main() {
	spins := make(chan int)
	go func() {
		close(spins)
		for i := 0; ; i++ { // no call, no scheduling point
			sum ^= i
		}
	}()
	<-spins
	runtime.GC()
	fmt.Println("still here")
}
