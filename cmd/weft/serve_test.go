package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// get sends one request and returns the answer with its body read.
func (w *site) get(path string, header ...string) (*http.Response, string) {
	w.t.Helper()
	return w.do("GET", path, header...)
}

func (w *site) do(method, path string, header ...string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp, readAll(w.t, resp.Body)
}

// raw sends text as it is and returns all that comes back.
func (w *site) raw(text string) string {
	w.t.Helper()
	c := w.dial()
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		w.t.Fatal(err)
	}
	return readAll(w.t, c)
}

func (w *site) dial() net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	return c
}

func TestServeAnswersAsHTTPServersDo(t *testing.T) {
	big := strings.Repeat("0123456789", 100_000)
	dir := tree(t, map[string]string{
		"hello.txt": "hello, world", "big.bin": big, "empty": "",
		"index.html": "<p>front page", "list/a.txt": "a", "list/b & c.txt": "b",
	})
	w := serve(t, dir)
	defer w.stop()

	_, whole := w.get("/hello.txt")
	first, _ := w.get("/hello.txt")
	modified, tag := first.Header.Get("Last-Modified"), first.Header.Get("ETag")
	for _, c := range []struct {
		name, method, path string
		header             []string
		status             int
		body               string
	}{
		{"file", "GET", "/hello.txt", nil, 200, "hello, world"},
		{"big file", "GET", "/big.bin", nil, 200, big},
		{"empty file", "GET", "/empty", nil, 200, ""},
		{"head", "HEAD", "/hello.txt", nil, 200, ""},
		{"index", "GET", "/", nil, 200, "<p>front page"},
		{"query", "GET", "/hello.txt?x=1", nil, 200, "hello, world"},
		{"escaped name", "GET", "/list/b%20%26%20c.txt", nil, 200, "b"},
		{"missing", "GET", "/none", nil, 404, "Not Found"},
		{"directory without slash", "GET", "/list", nil, 302, ""},
		{"post", "POST", "/hello.txt", nil, 405, "Method Not Allowed"},
		{"range", "GET", "/hello.txt", []string{"Range", "bytes=7-11"}, 206, "world"},
		{"open range", "GET", "/hello.txt", []string{"Range", "bytes=7-"}, 206, "world"},
		{"last bytes", "GET", "/hello.txt", []string{"Range", "bytes=-5"}, 206, "world"},
		{"range of big file", "GET", "/big.bin", []string{"Range", "bytes=500000-500009"}, 206, "0123456789"},
		{"range past the end", "GET", "/hello.txt", []string{"Range", "bytes=100-"}, 416, "Range Not Satisfiable"},
		{"not modified", "GET", "/hello.txt", []string{"If-Modified-Since", modified}, 304, ""},
		{"modified", "GET", "/hello.txt", []string{"If-Modified-Since", "Thu, 01 Jan 1970 00:00:01 GMT"}, 200, whole},
		{"same tag", "GET", "/hello.txt", []string{"If-None-Match", tag}, 304, ""},
		{"other tag", "GET", "/hello.txt", []string{"If-None-Match", `"x"`}, 200, whole},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := w.do(c.method, c.path, c.header...)
			if resp.StatusCode != c.status || body != c.body {
				t.Errorf("%d %.40q, want %d %.40q", resp.StatusCode, body, c.status, c.body)
			}
		})
	}
	if resp, _ := w.do("HEAD", "/hello.txt"); resp.ContentLength != 12 {
		t.Errorf("HEAD: Content-Length %d, want 12", resp.ContentLength)
	}
	if resp, _ := w.get("/hello.txt", "Range", "bytes=7-11"); resp.Header.Get("Content-Range") != "bytes 7-11/12" {
		t.Errorf("Content-Range %q", resp.Header.Get("Content-Range"))
	}
	if _, list := w.get("/list/"); !strings.Contains(list, "a.txt") || !strings.Contains(list, "b &amp; c.txt") {
		t.Errorf("the list is %q", list)
	}
}

func TestServeKeepsConnectionsAlive(t *testing.T) {
	w := serve(t, tree(t, map[string]string{"a": "first", "b": "second"}))
	defer w.stop()
	c := w.dial()
	defer c.Close()
	r := bufio.NewReader(c)
	io.WriteString(c, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n") // pipelined
	for _, want := range []string{"first", "second"} {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, resp.Body); body != want {
			t.Errorf("got %q, want %q", body, want)
		}
	}
	got := w.raw("GET /a HTTP/1.0\r\n\r\n")
	if !strings.HasSuffix(got, "first") {
		t.Errorf("HTTP/1.0: %q, want the answer and the end", got)
	}
}

func TestServeNeverLeavesItsDirectory(t *testing.T) {
	outer := tree(t, map[string]string{"secret": "secret", "site/page": "page", "site/sub/page": "deep"})
	dir := filepath.Join(outer, "site")
	for name, to := range map[string]string{
		"out": "../secret", "abs": filepath.Join(outer, "secret"), "up": "..", "in": "sub/page", "dangling": "none",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	w := serve(t, dir)
	defer w.stop()
	for _, path := range []string{
		"/../secret", "/%2e%2e/secret", "/..%2fsecret", "/sub/../../secret", "/./../secret", "//../secret",
		"/sub/%2e%2e/%2e%2e/secret", `/..\secret`, "/..%5csecret", "/%00/../secret",
		"/out", "/abs", "/up/secret", "/dangling", "/pipe",
	} {
		got := w.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if strings.Contains(got, "secret\n") || strings.HasSuffix(got, "secret") || !strings.HasPrefix(got, "HTTP/1.1 4") {
			t.Errorf("GET %s: %q", path, got)
		}
	}
	if _, body := w.get("/in"); body != "deep" {
		t.Errorf("link within the directory: %q", body)
	}
}

func TestServeSaysWhyItCannotRead(t *testing.T) {
	dir := tree(t, map[string]string{"locked": "x"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "locked"), 0); err != nil {
		t.Fatal(err)
	}
	w := serve(t, dir)
	defer w.stop()
	paths := map[string]int{"/none": 404, "/pipe": 403, "/locked": 403}
	if os.Getuid() == 0 {
		delete(paths, "/locked") // root reads everything
	}
	for path, want := range paths {
		if resp, _ := w.get(path); resp.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}

// With all descriptors taken, serve neither ends nor loses a connection: who
// comes then is answered when others have gone.
func TestServeSurvivesWantOfDescriptors(t *testing.T) {
	const (
		limit   = 64 // descriptors
		conns   = 32 // that serve then has at a time
		clients = 100
	)
	script := fmt.Sprintf(`ulimit -n %d; exec "$@"`, limit)
	w := serveAs(t, []string{"bash", "-c", script, "bash"}, tree(t, map[string]string{"a": "answer"}))
	defer w.stop()
	var dialled []net.Conn
	for range clients {
		dialled = append(dialled, w.dial())
	}
	for w.descriptors() < conns {
		time.Sleep(time.Millisecond) // the server has no other sign for it
	}
	var wg sync.WaitGroup
	for _, c := range dialled {
		wg.Go(func() {
			defer c.Close()
			io.WriteString(c, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Error(err)
				return
			}
			if body := readAll(t, resp.Body); resp.StatusCode != 200 || body != "answer" {
				t.Errorf("%d %q", resp.StatusCode, body)
			}
		})
	}
	wg.Wait()
}

func TestServeRefusesWhatIsTooLarge(t *testing.T) {
	w := serve(t, tree(t, map[string]string{"a": "a"}))
	defer w.stop()
	got := w.raw("GET /a HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 20_000) + "\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 431") {
		t.Errorf("long header: %.80q", got)
	}
	got = w.raw("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 413") {
		t.Errorf("long body: %.80q", got)
	}
	if got := w.raw("\x16\x03\x01 not HTTP\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("garbage: %.80q", got)
	}
}

func TestServeCutsStalledClients(t *testing.T) {
	dir := tree(t, map[string]string{"a": "a"})
	large(t, filepath.Join(dir, "large"))
	w := serve(t, "-timeout", "50ms", "-idle", "50ms", dir)
	defer w.stop()
	for _, sent := range []string{
		"", "GET /a HT", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
		"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", // keep-alive, then idle
	} {
		c := w.dial()
		defer c.Close()
		io.WriteString(c, sent)
		// The end comes as a reset if the server was through with it before it came.
		if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%.9q: %v", sent, err)
		}
	}
	for begun := false; !begun; {
		begun = w.cutWhileAnswered()
	}
}

// cutWhileAnswered asks for the large file, takes a byte of it, and returns when
// the server has closed the connection; or false if it did so before it was asked.
func (w *site) cutWhileAnswered() bool {
	c := w.dial()
	defer c.Close()
	io.WriteString(c, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := c.Read(make([]byte, 1)); err != nil {
		return false
	}
	for {
		if _, err := c.Write([]byte("x")); err != nil {
			return true
		}
		time.Sleep(time.Millisecond) // nothing else tells of it
	}
}

// large makes a file that no socket buffer holds, at no cost on disk.
func large(t *testing.T, name string) (size int64) {
	t.Helper()
	size = 256 << 20
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
	return size
}

// inFlight asks for the large file and returns when its answer has begun.
func (w *site) inFlight() (net.Conn, *http.Response) {
	w.t.Helper()
	c := w.dial()
	w.t.Cleanup(func() { c.Close() })
	io.WriteString(c, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c, resp
}

// refusing waits until the server no longer accepts: it has begun to drain.
func (w *site) refusing() {
	for {
		c, err := net.Dial("tcp", w.addr)
		if err != nil {
			return
		}
		c.Close()
		time.Sleep(time.Millisecond)
	}
}

func TestSignalDrainsRequestInFlight(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		dir := t.TempDir()
		size := large(t, filepath.Join(dir, "large"))
		w := serve(t, dir)
		idle := w.dial()
		defer idle.Close()
		io.WriteString(idle, "HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n")
		idleReader := bufio.NewReader(idle)
		if _, err := http.ReadResponse(idleReader, &http.Request{Method: "HEAD"}); err != nil {
			t.Fatal(err)
		}
		_, resp := w.inFlight()
		w.signal(sig)
		if _, err := idleReader.ReadByte(); err != io.EOF {
			t.Errorf("%v: the idle connection got %v, want its end", sig, err)
		}
		w.refusing()
		if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
			t.Errorf("%v: got %d of %d bytes: %v", sig, n, size, err)
		}
		if s := w.end(); s.ExitCode() != 0 {
			t.Errorf("%v: %v, stderr %q", sig, s, w.errors())
		}
	}
}

func TestDrainLimitCutsWhatIsLeft(t *testing.T) {
	dir := t.TempDir()
	size := large(t, filepath.Join(dir, "large"))
	w := serve(t, "-drain", "10ms", dir)
	_, resp := w.inFlight()
	w.stop()
	if n, err := io.Copy(io.Discard, resp.Body); n == size || err == nil {
		t.Errorf("got %d of %d bytes: %v, want it cut", n, size, err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	dir := t.TempDir()
	large(t, filepath.Join(dir, "large"))
	w := serve(t, dir)
	w.inFlight()
	w.signal(syscall.SIGINT)
	w.refusing()
	w.signal(syscall.SIGINT)
	if s := w.end(); !s.Sys().(syscall.WaitStatus).Signaled() {
		t.Errorf("ended with %v, want it killed by the signal", s)
	}
}

func TestRecordingIsReadable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "serve.trace")
	w := serve(t, "-trace", file, "-explain", tree(t, map[string]string{"a": "a"}))
	w.get("/a")
	w.stop()
	if got := w.errors(); !strings.Contains(got, "newproc") {
		t.Errorf("-explain said %q", got)
	}
	text, stderr, status := runWeft(t, "trace", "-text", file)
	if status != 0 || !strings.Contains(text, "newproc") || !strings.Contains(text, "gopark") {
		t.Errorf("trace -text: status %d, %q %.200q", status, stderr, text)
	}
	summary, stderr, status := runWeft(t, "trace", file)
	if status != 0 || !strings.Contains(summary, "coroutines") {
		t.Errorf("trace: status %d, %q %.200q", status, stderr, summary)
	}
	asJSON, _, status := runWeft(t, "trace", "-json", file)
	var sum struct{ Created, Exited uint64 }
	if err := json.Unmarshal([]byte(asJSON), &sum); err != nil || status != 0 || sum.Created == 0 {
		t.Errorf("trace -json: status %d, %v, %.200q", status, err, asJSON)
	}
	out := file + ".pftrace"
	if _, stderr, status := runWeft(t, "trace", "-perfetto", out, file); status != 0 {
		t.Errorf("trace -perfetto: status %d, %q", status, stderr)
	}
	if info, err := os.Stat(out); err != nil || info.Size() == 0 {
		t.Errorf("trace -perfetto wrote nothing: %v", err)
	}
}

func TestCutRecordingIsReadAsFarAsItGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "serve.trace")
	w := serve(t, "-trace", file, tree(t, map[string]string{"a": "a"}))
	w.get("/a")
	w.stop()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()-5); err != nil {
		t.Fatal(err)
	}
	text, stderr, status := runWeft(t, "trace", "-text", file)
	if status != 1 || !strings.Contains(text, "newproc") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("status %d, %q, %.200q", status, stderr, text)
	}
}
