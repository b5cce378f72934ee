// Seeded does what differs from run to run: goroutines that race for a server, maps, select, random values, time. With an argument
// it waits for a connection that nobody writes to.
package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "WEFT_") {
			fmt.Println(v)
		}
	}
	if len(os.Args) > 1 {
		wait()
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path[1:]) }))
	defer server.Close()
	got := map[string]time.Time{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			time.Sleep(time.Duration(rand.IntN(3)) * time.Hour)
			resp, err := http.Get(fmt.Sprint(server.URL, "/", i))
			if err != nil {
				fmt.Println(err)
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			mu.Lock()
			defer mu.Unlock()
			got[string(body)] = time.Now()
		})
	}
	wg.Wait()
	for body, at := range got {
		fmt.Println(body, at.Format(time.RFC3339Nano), server.URL)
	}
}

func wait() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		c, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			c.Read(make([]byte, 1))
		}
	}()
	c, err := l.Accept()
	if err != nil {
		panic(err)
	}
	c.Read(make([]byte, 1))
}
