//go:build ignore

// exit: 0

package main

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
)

func main() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	var cpu, tr, text bytes.Buffer
	if err := pprof.StartCPUProfile(&cpu); err != nil {
		panic(err)
	}
	if err := trace.Start(&tr); err != nil {
		panic(err)
	}
	c := make(chan int)
	for range 5 {
		go func() { <-c }()
	}
	for pprof.Lookup("goroutine").Count() < 6 {
		runtime.Gosched()
	}
	pprof.Lookup("goroutine").WriteTo(&text, 2)
	fmt.Println(pprof.Lookup("goroutine").Count() >= 6, bytes.Contains(text.Bytes(), []byte("goroutine 1 [running]")))
	close(c)
	trace.Stop()
	pprof.StopCPUProfile()
	fmt.Println(cpu.Len() > 0, tr.Len() > 0)
}
