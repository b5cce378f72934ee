// Package bad has tests that a tool which schedules goroutines could stumble over. Those that say nothing else pass.
package bad

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestTenThousandGoroutines(t *testing.T) {
	const n = 10000
	start := make(chan int)
	var wg sync.WaitGroup
	var sum atomic.Int64
	for range n {
		wg.Go(func() {
			<-start
			sum.Add(1)
		})
	}
	close(start)
	wg.Wait()
	if sum.Load() != n {
		t.Errorf("%d ran", sum.Load())
	}
}

func TestLockOSThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ping, pong := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread() // it ends locked
		for v := range ping {
			pong <- v + 1
		}
		close(pong)
	}()
	for i := range 10 {
		ping <- i
		if v := <-pong; v != i+1 {
			t.Error(v)
		}
	}
	close(ping)
	<-pong
}

func TestGC(t *testing.T) {
	cleaned := make(chan int, 1)
	p := new([1 << 12]byte)
	runtime.AddCleanup(p, func(int) { cleaned <- 1 }, 0)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 100 {
				_ = append([]byte(nil), make([]byte, 1<<12)...)
			}
			runtime.GC()
		})
	}
	wg.Wait()
	runtime.KeepAlive(p)
	debug.FreeOSMemory()
}

func TestGOMAXPROCS(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() { runtime.GOMAXPROCS(n + 1) })
	}
	wg.Wait()
	runtime.GOMAXPROCS(before)
}

func TestSignal(t *testing.T) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	defer signal.Stop(c)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	if s := <-c; s != syscall.SIGUSR1 {
		t.Error(s)
	}
}

func TestSubtestsInParallel(t *testing.T) {
	var n atomic.Int32
	t.Cleanup(func() {
		if n.Load() != 12 {
			t.Errorf("%d subtests ran", n.Load())
		}
	})
	for i := range 12 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			n.Add(1)
		})
	}
}

func TestFiles(t *testing.T) {
	name := t.TempDir() + "/file"
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			if err := os.WriteFile(fmt.Sprint(name, i), make([]byte, 1<<16), 0o666); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		defer w.Close()
		fmt.Fprint(w, "hello")
	}()
	buf := make([]byte, 10)
	if n, err := r.Read(buf); n != 5 || err != nil {
		t.Error(n, err)
	}
}

// It spins until another goroutine has run.
func TestSpinsForAWhile(t *testing.T) {
	var done atomic.Bool
	go done.Store(true)
	for !done.Load() {
	}
}

// want hang, livelock
func TestSpinsForEver(t *testing.T) {
	var never atomic.Bool
	for !never.Load() {
	}
}

// want livelock
func TestYieldsForEver(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	for !mu.TryLock() {
		runtime.Gosched()
	}
}

// want exit
func TestExit(t *testing.T) { os.Exit(3) }

// A child process takes real time.
func TestChild(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "sh", "-c", "sleep 0.02; echo child").Output(); err != nil || string(out) != "child\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// What is on the other side of the connection is another process, which does not reach a network in memory.
//
// want deadlock
func TestRealNetwork(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	cmd := exec.Command("bash", "-c", "sleep 0.02; echo hello >/dev/tcp/127.0.0.1/"+port)
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer cmd.Wait()
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 10)
	if n, err := conn.Read(buf); n != 6 || err != nil {
		t.Error(n, err)
	}
}
