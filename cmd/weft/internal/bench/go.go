package bench

import (
	"runtime"
	"sync"
)

func goSpawn(ops int) {
	var wg sync.WaitGroup
	task := func() { wg.Done() }
	for done := 0; done < ops; done += spawnBatch {
		wg.Add(spawnBatch)
		for range spawnBatch {
			go task()
		}
		wg.Wait()
	}
}

func goForkJoin(ops int) {
	for range ops {
		goFib(fibN)
	}
}

func goFib(n int) int {
	if n < 2 {
		return n
	}
	var c struct {
		calls
		wg sync.WaitGroup
	}
	c.n = n
	c.wg.Add(1)
	go func() {
		c.a = goFib(c.n - 1)
		c.wg.Done()
	}()
	c.b = goFib(n - 2)
	c.wg.Wait()
	return c.a + c.b
}

func goChan(ops int) {
	there, back := make(chan int), make(chan int)
	go func() {
		for v := range there {
			back <- v
		}
		close(back)
	}()
	for i := range ops {
		there <- i
		<-back
	}
	close(there)
	<-back
}

func goMutex(ops int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Add(contenders)
	for range contenders {
		go func() {
			for range ops / contenders {
				mu.Lock()
				runtime.Gosched()
				mu.Unlock()
			}
			wg.Done()
		}()
	}
	wg.Wait()
}

func goYield(ops int) {
	var wg sync.WaitGroup
	wg.Add(yielders)
	for range yielders {
		go func() {
			for range ops / yielders {
				runtime.Gosched()
			}
			wg.Done()
		}()
	}
	wg.Wait()
}

func goSkynet(ops int) {
	for range ops {
		root := make(chan int)
		go goSkynetNode(root, 0, skynetLeaves)
		<-root
	}
}

func goSkynetNode(up chan int, first, leaves int) {
	if leaves == 1 {
		up <- first
		return
	}
	down := make(chan int)
	for i := range skynetFan {
		go goSkynetNode(down, first+i*(leaves/skynetFan), leaves/skynetFan)
	}
	sum := 0
	for range skynetFan {
		sum += <-down
	}
	up <- sum
}
