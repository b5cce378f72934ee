//go:build ignore

// exit: 0

package main

import "fmt"

func main() {
	primes := make(chan int)
	go func(out chan<- int) {
		for i := 2; ; i++ {
			out <- i
		}
	}(primes)
	for range 50 {
		p := <-primes
		fmt.Print(p, " ")
		rest := make(chan int)
		go func(in <-chan int) {
			for v := range in {
				if v%p != 0 {
					rest <- v
				}
			}
		}(primes)
		primes = rest
	}
	fmt.Println()
}
