//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"weak"
)

type big struct{ data [1 << 16]byte }

func main() {
	debug.SetGCPercent(20)
	var wg sync.WaitGroup
	cleaned := make(chan int, 100)
	var w weak.Pointer[big]
	for i := range 4 {
		wg.Go(func() {
			for range 200 {
				_ = append([]*big(nil), &big{})
			}
			b := &big{}
			if i == 0 {
				w = weak.Make(b)
			}
			runtime.AddCleanup(b, func(int) { cleaned <- 1 }, 0)
			runtime.KeepAlive(b)
		})
	}
	wg.Wait()
	n := 0
	for n < 4 {
		runtime.GC()
		n += <-cleaned
	}
	fmt.Println("cleaned", n, w.Value() == nil)
}
