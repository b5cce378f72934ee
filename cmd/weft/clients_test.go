package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftgo/weft/poll"
)

// clients are programs that people use, against the built command. Each is a
// test of its own; site serves what clientTree makes.
var clients = []struct {
	name  string
	flags []string // of serve
	try   func(t *testing.T, w *site)
}{
	{"curl", nil, tryCurl},
	{"chromium", nil, tryBrowser},
	{"ab", nil, loadWith("ab")},
	{"wrk", nil, loadWith("wrk")},
	{"h2load", nil, loadWith("h2load")},
	{"slowhttptest", []string{"-timeout", slowLimit.String(), "-idle", slowLimit.String()}, trySlowClients},
}

// TestClientsOnEachModel has each client on two models of I/O. All of them:
//
//	WEFT_CLIENTS=all go test -run TestClients ./cmd/weft
func TestClientsOnEachModel(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	raiseDescriptors(t, 1024)
	dir := clientTree(t)
	for i, model := range poll.Models() {
		for j, client := range clients {
			if (i+j)%3 != 0 && os.Getenv("WEFT_CLIENTS") != "all" {
				continue
			}
			t.Run(model+"/"+client.name, func(t *testing.T) {
				if err := poll.Check(model); err != nil {
					t.Skip(err)
				}
				if _, err := exec.LookPath(client.name); err != nil {
					t.Skipf("%s is not installed", client.name)
				}
				w := serve(t, append(client.flags, "-io", model, dir)...)
				client.try(t, w)
				w.stop()
				if said := w.errors(); said != "" {
					t.Errorf("serve said %q", said)
				}
			})
		}
	}
}

// clientTree is a page with what it needs, and a file that fits nowhere.
func clientTree(t *testing.T) string {
	dir := tree(t, map[string]string{
		"small": strings.Repeat("x", 1000),
		"index.html": `<!doctype html><link rel="stylesheet" href="style.css"><img id="picture" src="picture.svg">` +
			`<p id="said">nothing</p><script src="page.js"></script>`,
		"style.css":   `p { color: rgb(1, 2, 3) }`,
		"picture.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="123" height="45"><circle r="9"/></svg>`,
		"page.js": `addEventListener("load", () => {
			const ask = new XMLHttpRequest();
			ask.open("GET", "small", false);
			ask.setRequestHeader("Range", "bytes=10-14");
			ask.send();
			const said = document.getElementById("said");
			said.textContent = [getComputedStyle(said).color, document.getElementById("picture").naturalWidth,
				ask.status, ask.responseText, ask.getResponseHeader("Content-Range")].join(";");
		})`,
	})
	large(t, filepath.Join(dir, "large"))
	return dir
}

// output runs a client that must succeed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, &out, &errs)
	}
	return out.String()
}

func tryCurl(t *testing.T, w *site) {
	const format = `:%{http_code}:%{num_connects}\n`
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{w.url + "/style.css", w.url + "/style.css"}, "p { color: rgb(1, 2, 3) }:200:1\np { color: rgb(1, 2, 3) }:200:0\n"},
		{[]string{"-r", "4-8", w.url + "/style.css"}, "color:206:1\n"},
		{[]string{"-z", "Mon, 01 Jan 2035 00:00:00 GMT", w.url + "/style.css"}, ":304:1\n"},
		{[]string{"-d", "a body", w.url + "/style.css"}, "Method Not Allowed:405:1\n"},
		{[]string{"--path-as-is", w.url + "/../secret"}, "Not Found:404:1\n"},
	} {
		if got := output(t, "curl", append([]string{"-sS", "-w", format}, c.args...)...); got != c.want {
			t.Errorf("curl %q: %q, want %q", c.args, got, c.want)
		}
	}
	if got := output(t, "curl", "-sS", "-o", os.DevNull, "-w", "%{size_download}", w.url+"/large"); got != "268435456" {
		t.Errorf("%s bytes of the large file", got)
	}
}

// The page's script says what has come of its style, its picture and a range.
func tryBrowser(t *testing.T, w *site) {
	t.Setenv("HOME", t.TempDir())
	page := output(t, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--dump-dom", w.url+"/")
	if want := ">rgb(1, 2, 3);123;206;xxxxx;bytes 10-14/1000<"; !strings.Contains(page, want) {
		t.Errorf("no %q in %s", want, page)
	}
}

func loadWith(name string) func(t *testing.T, w *site) {
	return func(t *testing.T, w *site) {
		for _, l := range loaders {
			if l.name == name {
				l.load(t, w.url+"/small", 100, 5_000)
			}
		}
	}
}

// slowClients is how many slow clients there are of each sort, slowLimit when
// they are cut.
const (
	slowClients = 50
	slowLimit   = 2 * time.Second
)

// Three sorts of slow clients at once: of headers, of bodies, of answers. All of
// them are cut, others are served meanwhile, and what is held for them is bounded.
func trySlowClients(t *testing.T, w *site) {
	w.get("/small")
	before := w.descriptors()
	args := func(kind, path string, more ...string) []string {
		n := strconv.Itoa(slowClients)
		return append([]string{"-" + kind, "-u", w.url + path, "-c", n, "-r", n, "-i", "1", "-l", "600", "-p", "240"}, more...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	readers := exec.CommandContext(ctx, "slowhttptest", args("X", "/large", "-w", "512", "-y", "1024", "-z", "32")...)
	if err := readers.Start(); err != nil {
		t.Fatal(err)
	}
	defer readers.Wait()
	defer readers.Process.Kill()
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for _, sort := range [][]string{args("H", "/"), args("B", "/", "-s", "5000")} {
			out, err := exec.CommandContext(ctx, "slowhttptest", sort...).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("No open connections left")) {
				t.Errorf("slowhttptest %q: %v\n%s", sort, err, out)
			}
		}
	}()
	for others := true; others; {
		w.isServed(t)
		select {
		case <-ended:
			others = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	for descriptorsOf(t, readers.Process.Pid) < slowClients && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond) // it tells of its connections in no other way
	}
	for w.descriptors() > before+slowClients/2 {
		if ctx.Err() != nil {
			t.Fatalf("%d descriptors, %d before: slow readers are not cut", w.descriptors(), before)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if peak := w.peakMemory(); peak > 200<<20 { // the answers that were asked for are 50 times 256 MB
		t.Errorf("%d MB resident at most", peak>>20)
	}
}

// isServed checks that a client which is not slow is answered, on a connection
// of its own. One that was slow, since the machine let it wait, is another.
func (w *site) isServed(t *testing.T) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	began := time.Now()
	resp, err := client.Get(w.url + "/small")
	var body []byte
	if err == nil {
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if (err != nil || resp.StatusCode != 200 || len(body) != 1000) && time.Since(began) < slowLimit/2 {
		t.Errorf("beside slow clients: %v, %d bytes, %v", resp, len(body), err)
	}
}

// peakMemory returns the most bytes that serve has had resident.
func (w *site) peakMemory() int {
	w.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid))
	if err != nil {
		w.t.Skip(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		w.t.Skip("the system doesn't say how much memory a process has had")
	}
	kb, _ := strconv.Atoi(string(m[1]))
	return kb << 10
}
