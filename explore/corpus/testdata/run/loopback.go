//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

func main() {
	dir, err := os.MkdirTemp("", "loopback")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for _, where := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", filepath.Join(dir, "socket")}} {
		ln, err := net.Listen(where[0], where[1])
		if err != nil {
			panic(err)
		}
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					io.Copy(conn, conn)
				}()
			}
		}()
		var wg sync.WaitGroup
		echoed := make([]int, 8)
		for i := range echoed {
			wg.Go(func() { echoed[i] = echo(ln.Addr(), 10000*i) })
		}
		wg.Wait()
		fmt.Println(where[0], echoed)
		ln.Close()
	}
}

func echo(to net.Addr, size int) int {
	conn, err := net.Dial(to.Network(), to.String())
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	go conn.Write(make([]byte, size))
	n, err := io.ReadFull(conn, make([]byte, size))
	if err != nil {
		panic(err)
	}
	return n
}
