//go:build ignore

// exit: 0

package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"time"
)

// The lines of the runtime's own frames are right, too.
func main() {
	done := make(chan int)
	where := func() {
		pcs := make([]uintptr, 20)
		frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			fmt.Println(f.Function, filepath.Base(f.File), f.Line)
		}
	}
	where()
	go func() {
		where()
		done <- 1
	}()
	<-done
	time.AfterFunc(0, func() {
		where()
		done <- 1
	})
	<-done
	defer where()
	defer func() { recover() }()
	defer where()
	var p *int
	*p = 1
}
