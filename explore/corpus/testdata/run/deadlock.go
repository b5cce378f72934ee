//go:build ignore

// exit: 2

package main

import (
	"fmt"
	"sync"
)

func main() {
	var mu sync.Mutex
	c := make(chan int)
	locked := make(chan int)
	go func() {
		mu.Lock()
		close(locked)
		<-c
	}()
	<-locked
	fmt.Println("locked")
	mu.Lock()
}
