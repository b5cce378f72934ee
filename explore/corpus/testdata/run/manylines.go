//go:build ignore

// exit: 0

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
)

func main() {
	const writers, lines = 4, 10000
	turns := make([]chan int, writers)
	for i := range turns {
		turns[i] = make(chan int, 1)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range lines {
				<-turns[i]
				fmt.Fprintln(out, i, n, strings.Repeat("x", 80))
				if n%1000 == 0 {
					fmt.Fprintln(os.Stderr, "progress", i, n)
				}
				turns[(i+1)%writers] <- n
			}
		})
	}
	turns[0] <- 0
	wg.Wait()
}
