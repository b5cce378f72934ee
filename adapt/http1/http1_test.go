package http1

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/adapt/adapttest"
	"github.com/weftgo/weft/wnet"
)

// describe answers with what the request was.
func describe(ctx *fasthttp.RequestCtx) {
	switch string(ctx.Path()) {
	case "/panic":
		panic("oh no")
	case "/hijack":
		ctx.Hijack(func(c net.Conn) { io.WriteString(c, "mine now\n"); io.Copy(c, c) })
		return
	case "/yield":
		weft.Yield()
	}
	fmt.Fprintf(ctx, "%s %s %q", ctx.Method(), ctx.RequestURI(), ctx.PostBody())
}

func server(h fasthttp.RequestHandler) *wnet.Server {
	return &wnet.Server{Handler: Handler(&fasthttp.Server{
		Handler: h, NoDefaultDate: true, Logger: log.New(io.Discard, "", 0), MaxRequestBodySize: 1 << 16,
	})}
}

// client is one that has a single connection.
func client(path string) *http.Client {
	return &http.Client{Timeout: 4 * time.Minute, Transport: &http.Transport{
		MaxConnsPerHost: 1,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
}

func get(t *testing.T, c *http.Client, url string) (status int, body string) {
	t.Helper()
	resp, err := c.Get("http://x" + url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestConnectionsAreKeptBetweenRequests(t *testing.T) {
	opened := make(chan bool, 100)
	s := server(describe)
	s.Opened = func(*wnet.Session) error { opened <- true; return nil }
	path := adapttest.Start(t, s)
	c := client(path)
	for i := range 50 {
		want := fmt.Sprintf("GET /%d \"\"", i)
		if status, body := get(t, c, fmt.Sprint("/", i)); status != 200 || body != want {
			t.Fatalf("%d %q, want %q", status, body, want)
		}
	}
	if n := len(opened); n != 1 {
		t.Errorf("%d connections for requests in turn", n)
	}
}

const conversation = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" +
	"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345" +
	"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
	"GET /yield HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" +
	"HEAD /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: x\r\n\r\n"

func TestAnswersAreTheSameAtEverySplit(t *testing.T) {
	path := adapttest.Start(t, server(describe))
	got := string(adapttest.SameAtEverySplit(t, path, []byte(conversation)))
	for _, want := range []string{`GET /a ""`, `POST /b "12345"`, `POST /c "abc"`, `GET /yield ""`, "Connection: close"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if strings.Contains(got, "never") {
		t.Errorf("answered after Connection: close: %q", got)
	}
}

func TestBadRequestsAreRefusedAtEverySplit(t *testing.T) {
	path := adapttest.Start(t, server(describe))
	for _, bad := range []string{
		"nonsense\r\n\r\n",
		"GET / HTTP/1.1\r\nHo",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n",
	} {
		if got := adapttest.SameAtEverySplit(t, path, []byte(bad)); !bytes.HasPrefix(got, []byte("HTTP/1.1 4")) {
			t.Errorf("%q brings %q", bad, got)
		}
	}
}

func TestPanicIsA500AndEndsItsConnection(t *testing.T) {
	s := server(describe)
	var mu sync.Mutex
	var out bytes.Buffer
	s.ErrorLog = log.New(writer(func(p []byte) { mu.Lock(); out.Write(p); mu.Unlock() }), "", 0)
	path := adapttest.Start(t, s)
	const two = "GET /panic HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
	got := adapttest.Exchange(t, path, [][]byte{[]byte(two)})
	if !bytes.HasPrefix(got, []byte("HTTP/1.1 500")) || bytes.Count(got, []byte("HTTP/1.1")) != 1 {
		t.Errorf("got %q", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(out.String(), "oh no") || !strings.Contains(out.String(), "describe") {
		t.Errorf("the log has %q", out.String())
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

func TestHijackedConnectionIsItsTakers(t *testing.T) {
	path := adapttest.Start(t, server(describe))
	c := adapttest.Dial(t, path)
	io.WriteString(c, "GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	line := func() string { s, _ := r.ReadString('\n'); return s }
	if got := line(); got != "mine now\n" {
		t.Errorf("got %q", got)
	}
	io.WriteString(c, "echo\n")
	if got := line(); got != "echo\n" {
		t.Errorf("got %q", got)
	}
	c.CloseWrite()
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestNetHTTPHandlers(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.PathValue("name"))
	})
	mux.HandleFunc("GET /flow", func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprint(w, i)
			w.(http.Flusher).Flush()
		}
	})
	path := adapttest.Start(t, server(NetHTTP(mux)))
	c := client(path)
	for range 3 {
		if status, body := get(t, c, "/hello/weft"); status != 200 || body != "hello weft" {
			t.Errorf("%d %q", status, body)
		}
		if status, body := get(t, c, "/flow"); status != 200 || body != "012" {
			t.Errorf("%d %q", status, body)
		}
		if status, _ := get(t, c, "/nothing"); status != 404 {
			t.Errorf("%d for what is not there", status)
		}
	}
}

func FuzzHTTP(f *testing.F) {
	f.Add([]byte(conversation), []byte{1, 40, 7})
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"), []byte{30})
	f.Add([]byte("nonsense\r\n\r\nmore"), []byte{3})
	path := adapttest.Start(f, server(func(ctx *fasthttp.RequestCtx) {
		fmt.Fprintf(ctx, "%s %q %q", ctx.Method(), ctx.RequestURI(), ctx.PostBody())
	}))
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		adapttest.SameInPieces(t, path, data, cuts)
	})
}
