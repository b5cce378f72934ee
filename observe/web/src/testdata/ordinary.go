package main

import (
	"fmt"
	"net"
	"sync"
	"time"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	ch := make(chan int)
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for v := range ch {
				mu.Lock()
				if v%10 == 0 {
					time.Sleep(100 * time.Microsecond)
				}
				mu.Unlock()
			}
			_ = i
		}()
	}
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() { c, _ := ln.Accept(); c.Write([]byte("hi")); c.Close() }()
	c, _ := net.Dial("tcp", ln.Addr().String())
	b := make([]byte, 2)
	c.Read(b)
	for i := range 50 {
		ch <- i
	}
	close(ch)
	wg.Wait()
	fmt.Println("done", string(b))
}
