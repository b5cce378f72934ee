//go:build ignore

// exit: -1

package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	c := make(chan os.Signal, 3)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGTERM)
	signal.Ignore(syscall.SIGHUP)
	me := os.Getpid()
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGTERM} {
		syscall.Kill(me, s)
		if s != syscall.SIGHUP {
			fmt.Println(<-c)
		}
	}
	signal.Reset(syscall.SIGTERM)
	syscall.Kill(me, syscall.SIGTERM)
	select {}
}
