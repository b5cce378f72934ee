//go:build ignore

// exit: 2

package main

func main() {
	done := make(chan int)
	go func() {
		var m map[string]int
		m["a"] = 1
		close(done)
	}()
	<-done
}
