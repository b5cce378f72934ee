package kinds

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

func TestRight(t *testing.T) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	n := 0
	c := make(chan int, 1)
	for i := range 4 {
		wg.Go(func() {
			mu.Lock()
			n++
			mu.Unlock()
			select {
			case c <- i:
			default:
			}
		})
	}
	wg.Wait()
	if n != 4 {
		t.Error(n)
	}
}

func TestDeadlock(t *testing.T) {
	var a, b sync.Mutex
	done := make(chan bool, 2)
	go func() { a.Lock(); b.Lock(); b.Unlock(); a.Unlock(); done <- true }()
	go func() { b.Lock(); a.Lock(); a.Unlock(); b.Unlock(); done <- true }()
	<-done
	<-done
}

func TestLeak(t *testing.T) {
	c := make(chan int)
	go func() { time.Sleep(time.Hour); c <- 1 }()
	select {
	case <-c:
	case <-time.After(time.Hour):
	}
}

func TestFail(t *testing.T) {
	c := make(chan int, 2)
	go func() { c <- 1 }()
	go func() { c <- 2 }()
	if first := <-c; first != 1 {
		t.Errorf("%d came first", first)
	}
	<-c
}

func TestPanic(t *testing.T) {
	c := make(chan int, 2)
	go func() {
		defer func() { recover() }()
		c <- 1
	}()
	func() {
		defer close(c)
		select {
		case <-c:
			panic("it came early")
		default:
		}
	}()
}

func TestFatal(t *testing.T) {
	var mu sync.Mutex
	locked := make(chan bool, 1)
	go func() { mu.Lock(); locked <- true; mu.Unlock() }()
	<-locked
	mu.Unlock() // whichever comes second is one too many
	mu.TryLock()
}

func TestExit(t *testing.T) {
	c := make(chan int, 1)
	go func() { c <- 1 }()
	select {
	case <-c:
		fmt.Println("going")
		os.Exit(3)
	default:
		<-c
	}
}

func TestLivelock(t *testing.T) {
	var mu sync.Mutex
	for {
		mu.Lock()
		mu.Unlock()
	}
}

func TestLongSleep(t *testing.T) {
	began := time.Now()
	time.Sleep(300 * time.Hour)
	if d := time.Since(began); d < 300*time.Hour || d > 301*time.Hour {
		t.Error(d)
	}
}

func TestOnce(t *testing.T) {
	var once sync.Once
	c := make(chan int)
	go once.Do(func() { c <- 1 })
	once.Do(func() {}) // if it is first, nobody sends
	select {
	case <-c:
	case <-time.After(time.Second):
		t.Error("nothing came")
	}
}

func TestStale(t *testing.T) {
	var mu sync.Mutex
	n := 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			mu.Lock()
			old := n
			mu.Unlock()
			mu.Lock()
			n = old + 1
			mu.Unlock()
		})
	}
	wg.Wait()
	if n != 2 {
		t.Error("an update was lost")
	}
}

// One goroutine ticks for ever; another waits for what can't come.
func TestLeakBesideTicker(t *testing.T) {
	go func() {
		for range time.Tick(time.Second) {
		}
	}()
	c := make(chan int)
	go func() { <-c }()
}

var (
	workerOnce sync.Once
	work       = make(chan func())
)

// A worker that is started once and serves for as long as the program runs.
func TestGlobalWorker(t *testing.T) {
	workerOnce.Do(func() {
		go func() {
			for f := range work {
				f()
			}
		}()
	})
	done := make(chan bool)
	work <- func() { close(done) }
	<-done
}

var lockA, lockB sync.Mutex

// Two goroutines wait for each other's locks, which everybody can reach, while others run.
func TestCycle(t *testing.T) {
	lockA, lockB = sync.Mutex{}, sync.Mutex{}
	go func() { lockA.Lock(); lockB.Lock(); lockB.Unlock(); lockA.Unlock() }()
	go func() { lockB.Lock(); lockA.Lock(); lockA.Unlock(); lockB.Unlock() }()
	for range 10_000 {
		time.Sleep(time.Second)
	}
}
