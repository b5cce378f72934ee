package httpd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/poll"
)

// site is a Server under test on a listener of its own.
type site struct {
	*Server
	addr string
	log  *lockedBuffer
	done chan error // Serve's result
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// perMessage is how start's servers serve.
var perMessage bool

// What is so with a coroutine for each connection is so with one for each message.
func TestPerMessage(t *testing.T) {
	perMessage = true
	defer func() { perMessage = false }()
	for name, test := range map[string]func(*testing.T){
		"PanicStaysInItsConnection":      TestPanicStaysInItsConnection,
		"DrainFinishesRequestInFlight":   TestDrainFinishesRequestInFlight,
		"DrainCutsAtItsLimit":            TestDrainCutsAtItsLimit,
		"DrainEndsSilentConnection":      TestDrainEndsSilentConnection,
		"DrainNeverCutsAnAnswer":         TestDrainNeverCutsAnAnswer,
		"DrainEndsAFullServer":           TestDrainEndsAFullServer,
		"StalledRequestIsCut":            TestStalledRequestIsCut,
		"IdleConnectionIsCut":            TestIdleConnectionIsCut,
		"ClientThatReadsNothingIsCut":    TestClientThatReadsNothingIsCut,
		"ConnectionsBeyondTheLimitWait":  TestConnectionsBeyondTheLimitWait,
		"StalledClientHoldsOneCoroutine": TestStalledClientHoldsOneCoroutine,
	} {
		t.Run(name, test)
	}
}

func start(t *testing.T, cfg Config) *site {
	t.Helper()
	w := &site{addr: "", log: &lockedBuffer{}, done: make(chan error, 1)}
	cfg.PerMessage = perMessage
	cfg.Log = log.New(w.log, "", 0)
	w.Server = New(cfg)
	run(t, w)
	return w
}

// ask sends one request on c and returns the answer with its body read.
func ask(t *testing.T, c net.Conn, r *bufio.Reader, path string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(4 * time.Minute))
	return c, bufio.NewReader(c)
}

func TestPanicStaysInItsConnection(t *testing.T) {
	w := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/boom" {
			panic("boom " + string(ctx.Path()))
		}
		ctx.SetBodyString("fine")
	}})
	other, otherR := dial(t, w.addr)
	ask(t, other, otherR, "/")
	c, r := dial(t, w.addr)
	resp, _ := ask(t, c, r, "/boom")
	if resp.StatusCode != 500 {
		t.Errorf("status %d, want 500", resp.StatusCode)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after the panic: %v, want the connection closed", err)
	}
	if _, body := ask(t, other, otherR, "/"); body != "fine" {
		t.Errorf("the other connection got %q", body)
	}
	if got := w.log.String(); !strings.Contains(got, "boom /boom") || !strings.Contains(got, "httpd_test.go") {
		t.Errorf("the log lacks the panic or its stack: %q", got)
	}
}

func TestDrainFinishesRequestInFlight(t *testing.T) {
	entered, release := make(chan bool), make(chan bool)
	w := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/slow" {
			entered <- true
			<-release
		}
		ctx.SetBodyString("whole")
	}})
	waiting, waitingR := dial(t, w.addr)
	ask(t, waiting, waitingR, "/")
	c, r := dial(t, w.addr)
	io.WriteString(c, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	w.Drain(time.Minute)
	if _, err := waitingR.ReadByte(); err != io.EOF {
		t.Errorf("idle connection: %v, want it closed", err)
	}
	if c, err := net.Dial("tcp", w.addr); err == nil {
		c.Close()
		t.Error("a draining server accepts")
	}
	close(release)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if string(body) != "whole" || err != nil || !resp.Close {
		t.Errorf("got %q, %v, close=%v; want the answer and Connection: close", body, err, resp.Close)
	}
	if err := <-w.done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestDrainCutsAtItsLimit(t *testing.T) {
	entered, release := make(chan bool), make(chan bool)
	w := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {
		entered <- true
		<-release
	}})
	defer close(release)
	c, r := dial(t, w.addr)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	w.Drain(time.Millisecond)
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("read %v, want the connection cut", err)
	}
}

func TestDrainEndsSilentConnection(t *testing.T) {
	w := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) {}})
	_, r := dial(t, w.addr)
	c, cr := dial(t, w.addr)
	ask(t, c, cr, "/") // the accept loop has had the silent one before this
	w.Drain(time.Minute)
	if _, err := io.ReadAll(r); err != nil {
		t.Errorf("silent connection: %v", err)
	}
	if err := <-w.done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// Requests race with Drain: each is answered whole, or its connection ends
// with no byte of an answer.
func TestDrainNeverCutsAnAnswer(t *testing.T) {
	for range 20 {
		w := start(t, Config{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("whole") }})
		var wg sync.WaitGroup
		for range 8 {
			c, r := dial(t, w.addr)
			ask(t, c, r, "/")
			wg.Go(func() {
				for {
					io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
					if _, err := r.Peek(1); err != nil {
						return
					}
					resp, err := http.ReadResponse(r, nil)
					if err != nil {
						t.Errorf("torn answer: %v", err)
						return
					}
					if body, err := io.ReadAll(resp.Body); string(body) != "whole" {
						t.Errorf("torn body %q: %v", body, err)
						return
					}
				}
			})
		}
		w.Drain(time.Minute)
		wg.Wait()
		if err := <-w.done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

func TestStalledRequestIsCut(t *testing.T) {
	for name, sent := range map[string]string{
		"nothing":     "",
		"half header": "GET / HTTP/1.1\r\nHo",
		"half body":   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123",
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, Config{Read: 20 * time.Millisecond, Handler: func(ctx *fasthttp.RequestCtx) {
				t.Error("handler called")
			}})
			c, r := dial(t, w.addr)
			io.WriteString(c, sent)
			if _, err := io.ReadAll(r); err != nil && !errors.Is(err, syscall.ECONNRESET) { // it may be cut before it has sent anything
				t.Errorf("read: %v, want the connection ended", err)
			}
		})
	}
}

func TestIdleConnectionIsCut(t *testing.T) {
	w := start(t, Config{Idle: 20 * time.Millisecond, Handler: func(ctx *fasthttp.RequestCtx) {}})
	for {
		c, r := dial(t, w.addr)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := http.ReadResponse(r, nil); err != nil && w.Requests() == 0 {
			continue // it was idle for too long before it has asked
		} else if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); len(b) > 0 || err != nil {
			t.Errorf("read %q, %v, want a quiet end", b, err)
		}
		return
	}
}

// A client that takes nothing is cut by the write limit, and frees its
// connection.
func TestClientThatReadsNothingIsCut(t *testing.T) {
	big := make([]byte, 64<<20)
	w := start(t, Config{Write: 20 * time.Millisecond, Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetBodyStream(bytes.NewReader(big), len(big))
	}})
	c, _ := dial(t, w.addr)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	for w.Requests() == 0 || w.Conns() > 0 {
		time.Sleep(time.Millisecond) // the outcome has no other sign
	}
}

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	w := start(t, Config{Conns: 1, Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("fine") }})
	first, firstR := dial(t, w.addr)
	ask(t, first, firstR, "/")
	second, secondR := dial(t, w.addr)
	answered := make(chan bool)
	go func() {
		defer close(answered)
		_, body := ask(t, second, secondR, "/")
		if body != "fine" {
			t.Errorf("got %q", body)
		}
	}()
	ask(t, first, firstR, "/")
	if n := w.Conns(); n != 1 {
		t.Errorf("%d connections are open, want 1", n)
	}
	select {
	case <-answered:
		t.Error("answered beyond the limit")
	default:
	}
	first.Close()
	<-answered
}

func TestDrainEndsAFullServer(t *testing.T) {
	w := start(t, Config{Conns: 1, Handler: func(ctx *fasthttp.RequestCtx) {}})
	c, r := dial(t, w.addr)
	ask(t, c, r, "/")
	w.Drain(time.Minute)
	if err := <-w.done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestStalledClientHoldsOneCoroutine(t *testing.T) {
	const stalled = 10
	w := start(t, Config{Read: time.Minute, Handler: func(ctx *fasthttp.RequestCtx) {
		s := weft.ReadStats()
		fmt.Fprintf(ctx, "%d coroutines, %d parked", s.Coroutines, s.Parked)
	}})
	c, r := dial(t, w.addr)
	count := func() (coroutines, parked int) {
		_, body := ask(t, c, r, "/")
		if _, err := fmt.Sscanf(body, "%d coroutines, %d parked", &coroutines, &parked); err != nil {
			t.Fatal(err)
		}
		return coroutines, parked
	}
	before, _ := count()
	for range stalled {
		other, _ := dial(t, w.addr)
		io.WriteString(other, "GET / HTTP/1.1\r\nHo")
	}
	for {
		after, parked := count()
		if after > before+stalled {
			t.Fatalf("%d coroutines, want %d", after, before+stalled)
		}
		if after == before+stalled && (parked >= stalled || poll.Default() == "busy") { // there they ask again and again
			return
		}
	}
}
