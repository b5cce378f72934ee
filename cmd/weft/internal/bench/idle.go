package bench

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"runtime"
	"time"
)

// idle: what a keep-alive connection costs between requests. Each has served one
// request, whose handler went 64 KB deep. weft serves per message; net has a
// goroutine and a bufio.Reader for each connection.

// measureIdle opens ops connections to a server in a child and asks it what they
// weigh.
func measureIdle(w *workload, procs, rounds, ops int) (Row, error) {
	var sides [2][]sample
	for range rounds {
		for i, side := range []string{"weft", "go"} {
			each, err := idleRound(childSpec{Work: w.name, Side: side, Procs: procs, Ops: ops})
			if err != nil {
				return Row{}, err
			}
			sides[i] = append(sides[i], sample{bytes: each})
		}
	}
	return rowOf(sides[0], sides[1], median), nil
}

func idleRound(spec childSpec) (each float64, err error) {
	c, err := startChild(spec)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.end()) }()
	var addr string
	if err := c.read(&addr); err != nil {
		return 0, err
	}
	for range spec.Ops {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		if spec.Work == "idletls" {
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		}
		if err := load(conn, 1); err != nil {
			return 0, err
		}
	}
	if err := c.next(); err != nil {
		return 0, err
	}
	return each, c.read(&each)
}

// idleChild serves, and says once what a connection weighs.
func idleChild(spec childSpec) {
	ln := listenFor(spec.Side)
	before := settledMemory()
	say(ln.Addr().String())
	go func() {
		in := bufio.NewReader(os.Stdin)
		in.ReadString('\n')
		say(float64(settledMemory()-before) / float64(spec.Ops))
		io.Copy(io.Discard, in)
		os.Exit(0)
	}()
	var secure *tls.Config
	if spec.Work == "idletls" {
		secure = &tls.Config{Certificates: []tls.Certificate{certificate()}}
	}
	serveMessages(spec.Side, ln, secure, func() { deep(64) })
}

// certificate makes one that nobody need trust.
func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	var der []byte
	if err == nil {
		der, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "weft bench:", err)
		os.Exit(1)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// deep uses n KB of stack.
//
//go:noinline
func deep(n int) byte {
	var frame [1024]byte
	frame[n] = byte(n)
	if n > 0 {
		frame[0] = deep(n - 1)
	}
	return frame[n] + frame[0]
}

// settledMemory is memory after the collector has shrunk every stack that it can
// (it halves one at a time) and emptied every pool.
func settledMemory() int64 {
	for range 8 {
		runtime.GC()
	}
	return memory()
}
