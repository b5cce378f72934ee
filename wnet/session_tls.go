package wnet

import (
	"crypto/tls"
	"net"
	"time"
)

// TLS needs no stack between messages: crypto/tls keeps the state of a record
// that has come in part, and takes an error that is temporary for what it says.
// So at a boundary it reads what is there, from a wire that says errNothing
// instead of waiting. The handshake waits as a handler does: crypto/tls can't
// leave one in its middle. What crypto/tls keeps for each connection stays: some
// 8.6 KB in all (weft bench idletls).

// tlsWire is what crypto/tls reads and writes of a Session.
type tlsWire struct{ *Session }

// errNothing is what a wire says when there is nothing to read.
type errNothing struct{}

func (errNothing) Error() string   { return "nothing to read yet" }
func (errNothing) Timeout() bool   { return true }
func (errNothing) Temporary() bool { return true }

var _ net.Error = errNothing{}

func (w tlsWire) Read(p []byte) (int, error) {
	c := w.Session
	if !c.in.nowait {
		c.limit()
		return c.netFD.Read(p)
	}
	n, err := c.readNow(p)
	if n == 0 && err == nil {
		err = errNothing{}
	}
	return n, err
}

func (w tlsWire) Write(p []byte) (int, error)        { return w.writeWire(p) }
func (w tlsWire) Close() error                       { return w.netFD.Close() }
func (w tlsWire) SetWriteDeadline(t time.Time) error { return w.netFD.SetWriteDeadline(t) }

// fillTLS is fill for plaintext.
func (c *Session) fillTLS() (some bool, err error) {
	in := c.buffer()
	if err := c.tls.Handshake(); err != nil {
		return false, err
	}
	in.nowait = true
	n, err := c.tls.Read(in.buf[in.w:])
	in.nowait = false
	in.w += n
	if err == (errNothing{}) {
		err = nil
	}
	return n > 0, err
}

// TLS returns the TLS connection, nil if the server doesn't speak it: to ask for
// its state, not to read.
func (c *Session) TLS() *tls.Conn { return c.tls }
