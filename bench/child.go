package main

import (
	"fmt"
	"net"
	"os"
	"runtime"

	"github.com/weftgo/weft/internal/lab"
)

// childSpec is what a child is to do.
type childSpec struct {
	Peer  string
	Procs int
	Deep  int // KB of stack that the handler uses for each request
}

// child is the server, if this process was started as one. It does not return.
func child() {
	var spec childSpec
	if err := lab.Spec(&spec); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	runtime.GOMAXPROCS(spec.Procs)
	work := func() {}
	if spec.Deep > 0 {
		work = func() { lab.Deep(spec.Deep) }
	}
	served := false
	err := find(spec.Peer).serve(spec.Procs, work, func(addr net.Addr) {
		served = true
		lab.Serving(addr.String(), nil, nil)
	})
	if served {
		fmt.Fprintln(os.Stderr, "bench:", spec.Peer, "ended:", err)
		os.Exit(1)
	}
	lab.Serving("", err, nil)
	select {} // the parent ends the process
}

// find returns the peer of that name, nil if there is none.
func find(name string) *peer {
	for i := range peers {
		if peers[i].name == name {
			return &peers[i]
		}
	}
	return nil
}
