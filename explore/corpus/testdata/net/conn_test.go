// Package net has programs whose sockets are to behave alike in memory and on
// the real network: go test, weft test and weft test -realnet all pass it.
package net

import (
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/net/nettest"
)

func pipe(network string, t *testing.T) nettest.MakePipe {
	return func() (c1, c2 net.Conn, stop func(), err error) {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = filepath.Join(t.TempDir(), "s")
		}
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, nil, nil, err
		}
		defer l.Close()
		if c1, err = net.Dial(network, l.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = l.Accept(); err != nil {
			return nil, nil, nil, err
		}
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	}
}

func TestConnTCP(t *testing.T)  { nettest.TestConn(t, pipe("tcp", t)) }
func TestConnUnix(t *testing.T) { nettest.TestConn(t, pipe("unix", t)) }
