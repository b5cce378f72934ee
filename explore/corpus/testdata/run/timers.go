//go:build ignore

// exit: 0

package main

import (
	"context"
	"fmt"
	"time"
)

// Each timer is set by the one before: two that are due together on a busy machine
// may run in any order.
func main() {
	start := time.Now()
	order := make(chan string, 10)
	var after func(ms int)
	after = func(ms int) {
		time.AfterFunc(30*time.Millisecond, func() {
			order <- fmt.Sprint("after ", ms)
			if ms < 90 {
				after(ms + 30)
				return
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			defer cancel()
			<-ctx.Done()
			order <- ctx.Err().Error()
			close(order)
		})
	}
	after(30)
	stopped := time.AfterFunc(time.Hour, func() { order <- "never" })
	fmt.Println(stopped.Stop(), stopped.Stop())
	for s := range order {
		fmt.Println(s)
	}
	fmt.Println(time.Since(start) >= 120*time.Millisecond)
}
