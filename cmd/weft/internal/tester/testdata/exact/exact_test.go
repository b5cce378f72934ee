// Package exact has programs of many kinds that must repeat exactly.
package exact

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// note makes what the program saw decide what it does next, so that a
// difference shows in the hash.
func note(s string) {
	n := 0
	for _, c := range s {
		n = n*31 + int(c)
	}
	var wg sync.WaitGroup
	for range (n&7 + 8) & 7 {
		wg.Go(func() {})
	}
	wg.Wait()
}

func TestMapOrder(t *testing.T) {
	m := map[string]int{}
	for i := range 50 {
		m[fmt.Sprint(i)] = i
	}
	s := ""
	for k := range m {
		s += k
	}
	note(s)
}

func TestSelect(t *testing.T) {
	a, b, c := make(chan int, 9), make(chan int, 9), make(chan int, 9)
	for i := range 9 {
		a <- i
		b <- i
		c <- i
	}
	s := ""
	for range 20 {
		select {
		case <-a:
			s += "a"
		case <-b:
			s += "b"
		case <-c:
			s += "c"
		}
	}
	note(s)
}

func TestRandom(t *testing.T) {
	note(fmt.Sprint(rand.Int63(), rand.Perm(9)))
}

func TestClock(t *testing.T) {
	began := time.Now()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { time.Sleep(time.Duration(i%2) * time.Second) })
	}
	wg.Wait()
	note(began.String() + time.Since(began).String())
}

func TestTickers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	a, b := time.NewTicker(7*time.Millisecond), time.NewTicker(11*time.Millisecond)
	s := ""
	for ctx.Err() == nil {
		select {
		case <-a.C:
			s += "a"
		case <-b.C:
			s += "b"
		case <-ctx.Done():
		}
	}
	note(s)
}

func TestGoroutineNames(t *testing.T) {
	var mu sync.Mutex
	var ids []string
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			buf := make([]byte, 64)
			id := strings.Fields(string(buf[:runtime.Stack(buf, false)]))[1]
			mu.Lock()
			ids = append(ids, id)
			mu.Unlock()
		})
	}
	wg.Wait()
	sort.Strings(ids)
	note(strings.Join(ids, " "))
}

func TestHTTP(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.URL.Path) }))
	defer srv.Close()
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			res, err := srv.Client().Get(fmt.Sprint(srv.URL, "/", i))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			note(string(body))
		})
	}
	wg.Wait()
}

func TestFiles(t *testing.T) {
	name := t.TempDir() + "/x"
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { os.WriteFile(name, []byte(fmt.Sprint(i)), 0o666) })
	}
	wg.Wait()
	data, _ := os.ReadFile(name)
	note(string(data))
}

func TestPipe(t *testing.T) {
	r, w := io.Pipe()
	go func() { fmt.Fprint(w, "hello"); w.Close() }()
	data, _ := io.ReadAll(r)
	note(string(data))
}

func TestThousand(t *testing.T) {
	c := make(chan int)
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() { c <- i })
	}
	go func() { wg.Wait(); close(c) }()
	s := 0
	for i := range c {
		s = s*3 + i
	}
	note(fmt.Sprint(s))
}

func TestLockedThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := make(chan int)
	go func() { c <- 1 }()
	<-c
	runtime.GC()
	note(fmt.Sprint(runtime.GOMAXPROCS(4), runtime.NumGoroutine()))
}
