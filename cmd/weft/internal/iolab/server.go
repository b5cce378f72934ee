package iolab

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/internal/lab"
	"github.com/weftgo/weft/wnet"
)

// serverSpec is what a child is to do.
type serverSpec struct {
	Model string
	Procs int
}

// maxThreads is how many connections the model that takes a thread for each is
// given: Go ends a process of 10,000 threads.
const maxThreads = 2500

// tooMany returns why the lab does not try so many connections; "" is fine.
func tooMany(model string, conns int) string {
	if model != "blocking" || conns <= maxThreads {
		return ""
	}
	return fmt.Sprintf("not tried: a thread a connection, and the lab stops at %d", maxThreads)
}

// Child is the server, if this process was started as one (lab.IsChild). It
// does not return.
func Child() {
	var spec serverSpec
	if err := lab.Spec(&spec); err != nil {
		fmt.Fprintln(os.Stderr, "weft bench:", err)
		os.Exit(1)
	}
	runtime.GOMAXPROCS(spec.Procs)
	if err := weft.Run(serve, weft.Procs(spec.Procs), weft.IO(spec.Model)); err != nil {
		lab.Serving("", err, nil)
	}
	select {} // the parent ends the process
}

// serve accepts until that fails, one coroutine a connection. The failure is
// the parent's to ask for; connections in the queue are reset with the listener.
func serve() {
	var failure atomic.Pointer[error]
	ln, err := wnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		lab.Serving("", err, nil)
		return
	}
	lab.Serving(ln.Addr().String(), nil, func() error {
		if p := failure.Load(); p != nil {
			return *p
		}
		return nil
	})
	for {
		c, err := ln.Accept()
		if err != nil {
			failure.Store(&err)
			ln.Close()
			return
		}
		weft.Go(func() {
			defer c.Close()
			_ = lab.Answered(c, nil)
		})
	}
}
