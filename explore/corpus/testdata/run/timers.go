//go:build ignore

// exit: 0

package main

import (
	"context"
	"fmt"
	"time"
)

func main() {
	start := time.Now()
	order := make(chan string, 10)
	for _, ms := range []int{90, 30, 60} {
		time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { order <- fmt.Sprint("after ", ms) })
	}
	stopped := time.AfterFunc(40*time.Millisecond, func() { order <- "never" })
	fmt.Println(stopped.Stop(), stopped.Stop())
	ctx, cancel := context.WithTimeout(context.Background(), 120*time.Millisecond)
	defer cancel()
	go func() {
		<-ctx.Done()
		order <- ctx.Err().Error()
		close(order)
	}()
	for s := range order {
		fmt.Println(s)
	}
	fmt.Println(time.Since(start) >= 120*time.Millisecond)
}
