package bench

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/weftgo/weft/wnet"
)

// The servers of serve and idle: the smallest handler that answers HTTP, so that
// what is measured is what carries it. On weft it is called per message, on net
// a goroutine a connection loops over it.

var answer = []byte("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + httpBody)

// listenFor listens in the side's own way.
func listenFor(side string) net.Listener {
	listen := net.Listen
	if side == "weft" {
		listen = wnet.Listen
	}
	ln, err := listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "weft bench:", err)
		os.Exit(1)
	}
	return ln
}

// serveMessages answers requests on ln for ever, each after a call of work; over
// TLS if secure is not nil.
func serveMessages(side string, ln net.Listener, secure *tls.Config, work func()) {
	if side == "weft" {
		s := wnet.Server{
			TLSConfig:   secure,
			IdleTimeout: time.Hour,
			Handler:     func(c *wnet.Session) error { return answerOne(c, c, work) },
		}
		_ = s.Serve(ln)
		return
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		if secure != nil {
			c = tls.Server(c, secure)
		}
		go func() {
			defer c.Close()
			for r := bufio.NewReader(c); answerOne(r, c, work) == nil; {
			}
		}()
	}
}

// answerOne reads a request to the empty line that ends it, and answers it.
func answerOne(r interface{ ReadSlice(byte) ([]byte, error) }, c net.Conn, work func()) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= len("\r\n") {
			break
		}
	}
	work()
	_, err := c.Write(answer)
	return err
}
