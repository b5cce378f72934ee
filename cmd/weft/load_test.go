package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The load that the server must take without an error: connections, and
// requests in all.
var loads = []struct{ conns, requests int }{{1, 2_000}, {200, 40_000}, {5_000, 100_000}}

type loader struct {
	name      string
	args      func(url string, conns, requests int) string
	want, not string
	none      string // in the output if it had too little time for a single request
}

// loaders are the programs that make the load. Each has a command line and what
// its output must have, and must not have, when every request was answered.
var loaders = []loader{
	{
		name: "ab", want: `Failed requests: +0\n`, not: "Non-2xx|apr_",
		args: func(url string, conns, requests int) string {
			return fmt.Sprintf("-q -k -r -s 240 -c %d -n %d %s", conns, requests, url)
		},
	},
	{
		name: "wrk", want: `[1-9]\d* requests in`, not: "Socket errors|Non-2xx", none: ` 0 requests in`,
		args: func(url string, conns, requests int) string {
			return fmt.Sprintf("-t 1 -c %d -d 2s --timeout 240s %s", conns, url)
		},
	},
	{
		name: "h2load", want: ` 0 failed, 0 errored, 0 timeout`, not: "unable to",
		args: func(url string, conns, requests int) string {
			return fmt.Sprintf("--h1 -t 1 -c %d -n %d %s", conns, requests, url)
		},
	},
}

func TestServeUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	raiseDescriptors(t, 5_100)
	dir := tree(t, map[string]string{"small": strings.Repeat("x", 1000)})
	if err := os.WriteFile(filepath.Join(dir, "large"), bytes.Repeat([]byte("y"), 100_000), 0o644); err != nil {
		t.Fatal(err)
	}
	w := serve(t, dir)
	for _, loader := range loaders {
		for _, load := range loads {
			t.Run(fmt.Sprintf("%s/%d", loader.name, load.conns), func(t *testing.T) {
				loader.load(t, w.url+"/small", load.conns, load.requests)
			})
		}
	}
	if _, body := w.get("/large"); len(body) != 100_000 {
		t.Errorf("after the load: %d bytes, want 100000", len(body))
	}
	w.stop()
	if got := w.errors(); got != "" {
		t.Errorf("serve said %q", got)
	}
}

// load asks for url, and fails unless every request was answered.
func (l loader) load(t *testing.T, url string, conns, requests int) {
	t.Helper()
	if _, err := exec.LookPath(l.name); err != nil {
		t.Skipf("%s is not installed", l.name)
	}
	args := strings.Fields(l.args(url, conns, requests))
	out, err := exec.Command(l.name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", l.name, args, err, out)
	}
	if l.none != "" && bytes.Contains(out, []byte(l.none)) {
		t.Log("this machine is too slow for any answer in that time; once more")
		l.load(t, url, conns, requests)
		return
	}
	if !regexp.MustCompile(l.want).Match(out) || regexp.MustCompile(l.not).Match(out) {
		t.Errorf("%s %q:\n%s", l.name, args, out)
	}
}

// raiseDescriptors raises the soft limit, for the loaders too: the Go runtime
// gives a child the limit that it found, unless the program has set one.
func raiseDescriptors(t *testing.T, need uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < need {
		t.Skipf("at most %d descriptors, %d are needed", limit.Max, need)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}
