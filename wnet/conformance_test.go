package wnet

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/weftgo/weft/sched"
)

// tcpPipe makes a pair of connections for nettest.
func tcpPipe() (c1, c2 net.Conn, stop func(), err error) {
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, nil, err
	}
	defer l.Close()
	c1, err = Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, nil, nil, err
	}
	c2, err = l.Accept()
	if err != nil {
		c1.Close()
		return nil, nil, nil, err
	}
	return c1, c2, func() { c1.Close(); c2.Close() }, nil
}

func TestConnFromGoroutines(t *testing.T) {
	nettest.TestConn(t, tcpPipe)
}

// TestConnFromCoroutines runs the same suite with every call on a connection
// made by a coroutine.
func TestConnFromCoroutines(t *testing.T) {
	for _, procs := range []int{1, 2} {
		inRuntime(t, procs, func(rt *sched.Sched) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				inCoroutine(rt, func() { c1, c2, stop, err = tcpPipe() })
				if err != nil {
					return nil, nil, nil, err
				}
				a, b := &ferry{c1, rt}, &ferry{c2, rt}
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}
