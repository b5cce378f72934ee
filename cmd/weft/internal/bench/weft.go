package bench

import (
	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
)

func weftSpawn(ops int) {
	var wg wsync.WaitGroup
	task := func() { wg.Done() }
	for done := 0; done < ops; done += spawnBatch {
		wg.Add(spawnBatch)
		for range spawnBatch {
			weft.Go(task)
		}
		wg.Wait()
	}
}

func weftForkJoin(ops int) {
	for range ops {
		weftFib(fibN)
	}
}

func weftFib(n int) int {
	if n < 2 {
		return n
	}
	c := calls{n: n}
	weft.Do(
		func() { c.a = weftFib(c.n - 1) },
		func() { c.b = weftFib(c.n - 2) },
	)
	return c.a + c.b
}

func weftChan(ops int) {
	there, back := wsync.NewChan[int](0), wsync.NewChan[int](0)
	weft.Go(func() {
		for v := range there.All() {
			back.Send(v)
		}
		back.Close()
	})
	for i := range ops {
		there.Send(i)
		back.Recv()
	}
	there.Close()
	back.Recv()
}

func weftMutex(ops int) {
	var mu wsync.Mutex
	var wg wsync.WaitGroup
	wg.Add(contenders)
	for range contenders {
		weft.Go(func() {
			for range ops / contenders {
				mu.Lock()
				weft.Yield()
				mu.Unlock()
			}
			wg.Done()
		})
	}
	wg.Wait()
}

func weftYield(ops int) {
	var wg wsync.WaitGroup
	wg.Add(yielders)
	for range yielders {
		weft.Go(func() {
			for range ops / yielders {
				weft.Yield()
			}
			wg.Done()
		})
	}
	wg.Wait()
}

func weftSkynet(ops int) {
	for range ops {
		root := wsync.NewChan[int](0)
		weft.Go(func() { weftSkynetNode(root, 0, skynetLeaves) })
		root.Recv()
	}
}

func weftSkynetNode(up *wsync.Chan[int], first, leaves int) {
	if leaves == 1 {
		up.Send(first)
		return
	}
	down := wsync.NewChan[int](0)
	for i := range skynetFan {
		weft.Go(func() { weftSkynetNode(down, first+i*(leaves/skynetFan), leaves/skynetFan) })
	}
	sum := 0
	for range skynetFan {
		v, _ := down.Recv()
		sum += v
	}
	up.Send(sum)
}
