// Package websocket serves WebSocket on a wnet.Server, message by message, over
// gobwas/ws. Between messages a connection has neither a coroutine nor a buffer;
// pings are answered on the way.
package websocket

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/weftgo/weft/wnet"
)

// Handler serves WebSocket connections: its Serve is a wnet.Server's Handler. It
// takes the Sessions' State for itself.
type Handler struct {
	// Upgrader answers the handshake; the zero value takes every one. It sees no
	// more of the connection than the request.
	Upgrader ws.Upgrader

	// Open is called after the handshake; an error ends the connection. nil:
	// nothing.
	Open func(c *Conn) error

	// Message is called for each text or binary message. payload is valid until
	// it returns. An error ends the connection.
	Message func(c *Conn, op ws.OpCode, payload []byte) error

	// MaxMessage is the longest message in bytes; a longer one ends the
	// connection with status 1009. 0 means 1 MiB.
	MaxMessage int64
}

// Conn is a WebSocket connection. Send and Close may be called from anywhere at
// any time.
type Conn struct {
	*wnet.Session
	Data any // the user's
}

const (
	defaultMaxMessage = 1 << 20
	maxRequest        = 16 << 10 // of the handshake
)

// Send sends one message, ws.OpText or ws.OpBinary. It parks for as long as the
// peer takes nothing.
func (c *Conn) Send(op ws.OpCode, payload []byte) error {
	frame, err := ws.CompileFrame(ws.NewFrame(op, true, payload))
	if err == nil {
		_, err = c.Session.Write(frame) // whole: frames of several senders don't mix
	}
	return err
}

// Serve serves what has come: the handshake first, then a frame or message.
func (h *Handler) Serve(s *wnet.Session) error {
	if c, ok := s.State.(*Conn); ok {
		return h.next(c)
	}
	request, err := readRequest(s)
	if err != nil {
		return err
	}
	if _, err := h.Upgrader.Upgrade(exchange{bytes.NewReader(request), s}); err != nil {
		return err
	}
	c := &Conn{Session: s}
	s.State = c
	if h.Open != nil {
		return h.Open(c)
	}
	return nil
}

// exchange is a request and where the answer goes.
type exchange struct {
	io.Reader
	io.Writer
}

// readRequest takes the head of a request, to the empty line that ends it, and
// nothing of what follows.
func readRequest(s *wnet.Session) (head []byte, err error) {
	for {
		line, err := s.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		head = append(head, line...)
		switch {
		case len(line) <= len("\r\n") && len(bytes.TrimSpace(line)) == 0:
			return head, nil
		case len(head) > maxRequest:
			return nil, errors.New("websocket: the request is too long")
		}
	}
}

var readers = sync.Pool{New: func() any { return new(wsutil.Reader) }}

// next serves one control frame, or one message with what control frames are
// between its parts.
func (h *Handler) next(c *Conn) error {
	limit := h.MaxMessage
	if limit <= 0 {
		limit = defaultMaxMessage
	}
	control := wsutil.ControlFrameHandler(c.Session, ws.StateServerSide)
	r := readers.Get().(*wsutil.Reader)
	defer readers.Put(r)
	*r = wsutil.Reader{
		Source: c.Session, State: ws.StateServerSide, CheckUTF8: true,
		MaxMessageSize: limit, OnIntermediate: control,
	}
	head, err := r.NextFrame()
	if err != nil {
		return c.refuse(err)
	}
	if head.OpCode.IsControl() {
		return ended(control(head, r))
	}
	payload, err := io.ReadAll(r)
	if err != nil {
		return c.refuse(err)
	}
	return h.Message(c, head.OpCode, payload)
}

// ended turns the peer's goodbye, which has been answered, into an end.
func ended(err error) error {
	if errors.As(err, new(wsutil.ClosedError)) {
		return io.EOF
	}
	return err
}

// refuse tells the peer what was wrong with what it sent.
func (c *Conn) refuse(err error) error {
	var protocol ws.ProtocolError
	status := ws.StatusCode(0)
	switch {
	case errors.Is(err, wsutil.ErrMessageTooLarge):
		status = ws.StatusMessageTooBig
	case errors.Is(err, wsutil.ErrInvalidUTF8):
		status = ws.StatusInvalidFramePayloadData
	case errors.As(err, &protocol):
		status = ws.StatusProtocolError
	}
	if status != 0 {
		if e := c.Send(ws.OpClose, ws.NewCloseFrameBody(status, err.Error())); e != nil {
			return e
		}
	}
	return ended(err)
}
