// Pipeline counts primes in three stages joined by channels: numbers, workers
// that test them, and a sum that shows how far it is. The first error of any
// stage ends all of them.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
	"github.com/weftgo/weft/wtime"
)

const (
	limit   = 100_000
	workers = 4
)

func main() {
	weft.Main(func() {
		count, err := countPrimes(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d primes below %d\n", count, limit)
	})
}

func countPrimes(ctx context.Context) (count int, err error) {
	stages, ctx := wsync.WithContext(ctx)
	numbers, primes := wsync.NewChan[int](100), wsync.NewChan[int](100)
	stages.Go(func() error {
		defer numbers.Close()
		for n := range limit {
			if err := numbers.SendContext(ctx, n); err != nil {
				return err
			}
		}
		return nil
	})
	testers, ctx := wsync.WithContext(ctx)
	for range workers {
		testers.Go(func() error {
			for n := range numbers.All() {
				if !isPrime(n) {
					continue
				}
				if err := primes.SendContext(ctx, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	stages.Go(func() error {
		defer primes.Close()
		return testers.Wait()
	})
	count = collect(primes)
	return count, stages.Wait()
}

// collect counts what comes, and each second says how many have.
func collect(primes *wsync.Chan[int]) (count int) {
	tick := wtime.NewTicker(time.Second)
	defer tick.Stop()
	for open := true; open; {
		wsync.Select(
			wsync.OnRecv(primes, func(_ int, ok bool) {
				open = ok
				if ok {
					count++
				}
			}),
			wsync.OnRecv(tick.C, func(time.Time, bool) { log.Print(count, " so far") }),
		)
	}
	return count
}

func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}
