package wnet

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/sched"
)

// TestMatrix runs nettest's suite for net.Conns under every model of I/O, on
// every kind of stream, with the calls made by goroutines and by coroutines on
// one and on two Ps. Here each model has each kind of stream once, with -short
// only one of them. All of it (HACKING.md: 20 times over):
//
//	WEFT_MATRIX=all go test -race -run TestMatrix ./wnet
func TestMatrix(t *testing.T) {
	all := os.Getenv("WEFT_MATRIX") == "all"
	callers := []string{"goroutines", "coroutines-1P", "coroutines-2P"}
	for i, model := range poll.Models() {
		if err := poll.Check(model); err != nil {
			t.Log(err)
			continue
		}
		for j, network := range []string{"tcp", "unix", "tls"} {
			for k, caller := range callers {
				if !all && (i+j+k)%3 != 0 || testing.Short() && j != i%3 {
					continue
				}
				t.Run(model+"/"+network+"/"+caller, func(t *testing.T) {
					inModel(t, model, max(k, 1), func(rt *sched.Sched) { conform(t, rt, network, k > 0) })
				})
			}
		}
	}
}

// conform runs the suite once.
func conform(t *testing.T, rt *sched.Sched, network string, inside bool) {
	made := 0
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		made++
		secure := network == "tls" && writesAfterTimeout[made] == ""
		inCoroutine(rt, func() { c1, c2, err = streamPair(t, network, secure) })
		if err != nil {
			return nil, nil, nil, err
		}
		if inside {
			c1, c2 = &ferry{c1, rt}, &ferry{c2, rt}
		}
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	})
	if made != nettestSubtests {
		t.Errorf("nettest has %d subtests, not %d: which are %v?", made, nettestSubtests, writesAfterTimeout)
	}
}

// After a write that timed out nettest wants the connection to work again, in
// these of its subtests. By crypto/tls's own design its connections never do, on
// package net neither: how much of a record was sent is not known. So these get
// plain connections. They are told by their places, as nettest doesn't say which
// of them asks.
var writesAfterTimeout = map[int]string{7: "PastTimeout", 9: "FutureTimeout", 11: "ConcurrentMethods"}

const nettestSubtests = 11

// streamPair makes two connected streams.
func streamPair(t *testing.T, network string, secure bool) (c1, c2 net.Conn, err error) {
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	} else {
		network = "tcp"
	}
	l, err := Listen(network, address)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if c1, err = Dial(network, l.Addr().String()); err != nil {
		return nil, nil, err
	}
	if c2, err = l.Accept(); err != nil {
		c1.Close()
		return nil, nil, err
	}
	if !secure {
		return c1, c2, nil
	}
	client := tls.Client(c1, &tls.Config{InsecureSkipVerify: true})
	server := tls.Server(c2, &tls.Config{Certificates: []tls.Certificate{certificate()}})
	done := make(chan error, 1)
	sched.Go(func() { done <- server.Handshake() })
	if err = client.Handshake(); err == nil {
		err = await(done)
	}
	return client, server, err
}
