package websocket

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/weftgo/weft/adapt/adapttest"
	"github.com/weftgo/weft/wnet"
)

func echo() *wnet.Server {
	h := &Handler{MaxMessage: 200, Message: func(c *Conn, op ws.OpCode, p []byte) error { return c.Send(op, p) }}
	return &wnet.Server{Handler: h.Serve}
}

// dialWS shakes hands.
func dialWS(t *testing.T, path string) net.Conn {
	t.Helper()
	c := adapttest.Dial(t, path)
	if _, err := io.WriteString(c, handshake); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 0, 512)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		head = head[:len(head)+1]
		if _, err := io.ReadFull(c, head[len(head)-1:]); err != nil {
			t.Fatalf("%q: %v", head, err)
		}
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) {
		t.Fatalf("%q", head)
	}
	return c
}

const handshake = "GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

func TestMessagesAreEchoed(t *testing.T) {
	path := adapttest.Start(t, echo())
	c := dialWS(t, path)
	for _, text := range []string{"hello", "", strings.Repeat("long ", 40)} {
		if err := wsutil.WriteClientText(c, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, op, err := wsutil.ReadServerData(c)
		if err != nil || op != ws.OpText || string(got) != text {
			t.Errorf("got %q, %v, %v", got, op, err)
		}
	}
	if err := wsutil.WriteClientMessage(c, ws.OpPing, []byte("are you there")); err != nil {
		t.Fatal(err)
	}
	if f, err := readFrame(c); err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != "are you there" {
		t.Errorf("ping: %+v, %v", f, err)
	}
	wsutil.WriteClientMessage(c, ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, "bye"))
	if f, err := readFrame(c); err != nil || f.Header.OpCode != ws.OpClose {
		t.Errorf("close: %+v, %v", f, err)
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after close: %v", err)
	}
}

// readFrame reads a frame of the server, which is short.
func readFrame(r io.Reader) (ws.Frame, error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return ws.Frame{}, err
	}
	payload := make([]byte, h.Length)
	_, err = io.ReadFull(r, payload)
	return ws.Frame{Header: h, Payload: payload}, err
}

func frame(op ws.OpCode, fin bool, payload string) string {
	var b bytes.Buffer
	f := ws.MaskFrameWith(ws.NewFrame(op, fin, []byte(payload)), [4]byte{1, 2, 3, 4})
	ws.MustWriteFrame(&b, f)
	return b.String()
}

var conversation = handshake +
	frame(ws.OpText, true, "one") +
	frame(ws.OpPing, true, "p") +
	frame(ws.OpText, false, "tw") + frame(ws.OpPing, true, "between") + frame(ws.OpContinuation, true, "o") +
	frame(ws.OpBinary, true, strings.Repeat("b", 150)) +
	frame(ws.OpClose, true, "\x03\xe8")

func TestConversationIsTheSameAtEverySplit(t *testing.T) {
	path := adapttest.Start(t, echo())
	got := adapttest.SameAtEverySplit(t, path, []byte(conversation))
	_, frames, _ := bytes.Cut(got, []byte("\r\n\r\n"))
	var ops []ws.OpCode
	var texts []string
	for r := bytes.NewReader(frames); r.Len() > 0; {
		f, err := readFrame(r)
		if err != nil {
			t.Fatal(err)
		}
		ops, texts = append(ops, f.Header.OpCode), append(texts, string(f.Payload))
	}
	want := []ws.OpCode{ws.OpText, ws.OpPong, ws.OpPong, ws.OpText, ws.OpBinary, ws.OpClose}
	if len(ops) != len(want) || texts[0] != "one" || texts[1] != "p" || texts[2] != "between" || texts[3] != "two" {
		t.Errorf("%v %q", ops, texts)
	}
}

func TestWhatIsWrongIsSaidInACloseFrame(t *testing.T) {
	path := adapttest.Start(t, echo())
	half := strings.Repeat("x", 120)
	for what, c := range map[string]struct {
		bytes  string
		status ws.StatusCode
	}{
		"too long":      {frame(ws.OpBinary, true, half+half), ws.StatusMessageTooBig},
		"long in parts": {frame(ws.OpBinary, false, half) + frame(ws.OpContinuation, true, half), ws.StatusMessageTooBig},
		"not UTF-8":     {frame(ws.OpText, true, "\xff\xfe"), ws.StatusInvalidFramePayloadData},
		"not masked":    {"\x81\x01a", ws.StatusProtocolError},
		"lone rest":     {frame(ws.OpContinuation, true, "x"), ws.StatusProtocolError},
	} {
		answer := adapttest.SameAtEverySplit(t, path, []byte(handshake+c.bytes))
		_, frames, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
		f, err := readFrame(bytes.NewReader(frames))
		if err != nil || f.Header.OpCode != ws.OpClose {
			t.Errorf("%s: %q, %v", what, frames, err)
			continue
		}
		if status, reason := ws.ParseCloseFrameData(f.Payload); status != c.status {
			t.Errorf("%s: %d %s, want %d", what, status, reason, c.status)
		}
	}
}

func TestBadHandshakeIsRefused(t *testing.T) {
	path := adapttest.Start(t, echo())
	for _, bad := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		strings.Replace(handshake, "Version: 13", "Version: 12", 1),
		"POST" + handshake[3:],
	} {
		if got := adapttest.SameAtEverySplit(t, path, []byte(bad)); !bytes.HasPrefix(got, []byte("HTTP/1.1 4")) {
			t.Errorf("%q brings %q", bad, got)
		}
	}
}

func TestOthersMaySendAtAnyTime(t *testing.T) {
	joined := make(chan *Conn, 1)
	h := &Handler{
		Open:    func(c *Conn) error { joined <- c; return nil },
		Message: func(*Conn, ws.OpCode, []byte) error { return nil },
	}
	path := adapttest.Start(t, &wnet.Server{Handler: h.Serve})
	c := dialWS(t, path)
	if err := (<-joined).Send(ws.OpText, []byte("news")); err != nil {
		t.Fatal(err)
	}
	if got, _, err := wsutil.ReadServerData(c); string(got) != "news" {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzWebSocket(f *testing.F) {
	f.Add([]byte(conversation[len(handshake):]), []byte{1, 10})
	f.Add([]byte(frame(ws.OpText, true, "\xff")), []byte{3})
	path := adapttest.Start(f, echo())
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		adapttest.SameInPieces(t, path, append([]byte(handshake), data...), append([]byte{byte(len(handshake))}, cuts...))
	})
}
