package main

import "fmt"

// claim is something that weft is meant to reach.
type claim struct {
	what   string
	got    float64
	atMost float64
}

func (c claim) String() string {
	word := "reached"
	if c.got > c.atMost {
		word = "missed"
	}
	return fmt.Sprintf("%-8s %-62s %8.2f, at most %g", word, c.what, c.got, c.atMost)
}

// claims returns those that can be judged with what was measured.
func (r *results) claims() (all []claim) {
	add := func(atMost, got, of float64, what string, args ...any) {
		if got > 0 && of > 0 {
			all = append(all, claim{fmt.Sprintf(what, args...), got / of, atMost})
		}
	}
	for _, x := range r.Idle {
		if x.Peer == "weft-msg" {
			add(400, x.Bytes, 1, "bytes of an idle connection, %d of them", x.Conns)
			add(0.1, x.Bytes, r.idleOf("net", x.Conns).Bytes, "the same to net's")
		}
	}
	for _, x := range r.Busy {
		net, gnet := r.busyOf("net", x.Conns), r.busyOf("gnet", x.Conns)
		switch x.Peer {
		case "weft", "weft-msg":
			add(0.75, x.User, net.User, "%s, %d connections: user CPU to net's", x.Peer, x.Conns)
			add(1, x.User, gnet.User, "%s, %d connections: user CPU to gnet's", x.Peer, x.Conns)
			add(1, x.CPU, net.CPU, "%s, %d connections: all CPU to net's", x.Peer, x.Conns)
			add(1, x.P99, net.P99, "%s, %d connections: p99 to net's", x.Peer, x.Conns)
		case "weft-uring":
			add(0.9, x.CPU, r.busyOf("weft", x.Conns).CPU, "io_uring, %d connections: all CPU to epoll's", x.Conns)
		}
	}
	if len(r.Deadline) == 2 {
		add(0.2, r.Deadline[0].NS, r.Deadline[1].NS, "SetReadDeadline to net's")
	}
	return all
}
