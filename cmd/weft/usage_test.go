package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftgo/weft/poll"
)

func TestWrongUsageIsOneLine(t *testing.T) {
	dir := tree(t, map[string]string{"file": "no recording"})
	file := filepath.Join(dir, "file")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "serve, trace, bench"},
		{"fly", `no command "fly"`},
		{"help fly", `no command "fly"`},
		{"help serve bench", "one command"},
		{"version now", "no arguments"},
		{"serve -fast", "-fast"},
		{"serve -procs", "-procs"},
		{"serve -procs many", "many"},
		{"serve -procs 0", "at least 1"},
		{"serve --procs=-3", "at least 1"},
		{"serve -io=", "name a model"},
		{"serve -addr 127.0.0.1:0 -io teapot " + dir, "teapot"},
		{"serve -timeout -1s", "negative"},
		{"serve -timeout soon", "soon"},
		{"serve " + filepath.Join(dir, "none"), "does not exist"},
		{"serve " + file, "not a directory"},
		{"serve " + dir + " " + dir, "one directory"},
		{"serve " + dir + " -procs 1", "flags go first"},
		{"serve -addr " + ln.Addr().String() + " " + dir, "in use"},
		{"serve -addr nowhere " + dir, "HOST:PORT"},
		{"serve -addr 127.0.0.1:99999 " + dir, "HOST:PORT"},
		{"serve -addr 192.0.2.1:80 " + dir, "HOST:PORT"},
		{"serve -addr 127.0.0.1:0 -trace " + dir + "/none/x " + dir, "does not exist"},
		{"bench juggling", "no benchmark"},
		{"bench -procs 1,none", "-procs"},
		{"bench -procs 0", "-procs"},
		{"bench -rounds -1", "negative"},
		{"bench io yield", "alone"},
		{"bench -procs 1,2 io", "one number"},
		{"bench -beside /bin/true yield", "no build of weft"},
		{"bench -beside " + weftBinary + " parked", "only spawn"},
		{"bench -beside " + weftBinary + " io", "not measured beside"},
		{"bench -chart c.svg yield", "weft bench -chart c.svg io"},
		{"bench -quick -chart /nowhere/c.svg io", "/nowhere"},
		{"trace", "one recording"},
		{"trace " + file + " " + file, "one recording"},
		{"trace " + file + "2", "does not exist"},
		{"trace " + dir, "is a directory"},
		{"trace " + file, file},
		{"trace -json -text " + file, "exclude each other"},
	} {
		t.Run(c.args, func(t *testing.T) { refused(t, c.args, c.want) })
	}
}

// refused runs weft with args, which must exit with 1 and one line that has want.
func refused(t *testing.T, args, want string) {
	stdout, stderr, status := runWeft(t, strings.Fields(args)...)
	if status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "weft") || !strings.Contains(stderr, want) {
		t.Errorf("stderr is %q, want one line with %q", stderr, want)
	}
	if stdout != "" {
		t.Errorf("stdout is %q", stdout)
	}
}

func TestUnreadableDirectoryIsRefused(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if _, stderr, status := runWeft(t, "serve", dir); status != 1 || !strings.Contains(stderr, "permission denied") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

func TestHelpTellsOfEachCommandAndFlag(t *testing.T) {
	stdout, _, status := runWeft(t, "help")
	if status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, c := range commands {
		if !strings.Contains(stdout, "weft "+c.name) {
			t.Errorf("weft help lacks %s", c.name)
		}
		for _, args := range [][]string{{"help", c.name}, {c.name, "-h"}, {c.name, "--help"}} {
			own, stderr, status := runWeft(t, args...)
			if status != 0 || stderr != "" || !strings.Contains(own, "usage: weft "+c.name) {
				t.Errorf("weft %q: status %d, %q, %q", args, status, own, stderr)
			}
		}
	}
}

func TestVersionIsPrinted(t *testing.T) {
	stdout, _, status := runWeft(t, "version")
	if status != 0 || !strings.HasPrefix(stdout, "weft ") {
		t.Errorf("status %d, %q", status, stdout)
	}
}

func TestBenchPrintsJSON(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	stdout, stderr, status := runWeft(t, "bench", "-quick", "-json")
	if status != 0 {
		t.Fatalf("status %d, %s", status, stderr)
	}
	var rows []struct {
		Name   string
		Procs  int
		WeftNS float64 `json:"weft_ns"`
		GoNS   float64 `json:"go_ns"`
		Ratio  float64
		Bytes  float64 `json:"weft_bytes"`
	}
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		seen[r.Name] = true
		if r.Procs < 1 || r.WeftNS < 0 || r.GoNS < 0 {
			t.Errorf("odd row %+v", r)
		}
		if r.Name == "parked" && r.Bytes <= 0 {
			t.Errorf("parked without bytes: %+v", r)
		}
	}
	for _, name := range []string{"spawn", "forkjoin", "chan", "mutex", "yield", "skynet", "parked", "http"} {
		if !seen[name] {
			t.Errorf("no row for %s", name)
		}
	}
}

func TestBenchPrintsTable(t *testing.T) {
	stdout, stderr, status := runWeft(t, "bench", "-quick", "-procs", "1", "yield", "chan")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if status != 0 || len(lines) != 3 || !strings.HasPrefix(lines[1], "chan ") || !strings.HasPrefix(lines[2], "yield ") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

func TestBenchMeasuresTwoBuilds(t *testing.T) {
	stdout, stderr, status := runWeft(t, "bench", "-quick", "-procs", "1", "-beside", weftBinary, "yield", "serve")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if status != 0 || len(lines) != 3 || !strings.Contains(lines[0], "beside") || !strings.HasPrefix(lines[1], "yield ") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

func TestBenchIODrawsItsTable(t *testing.T) {
	chart := filepath.Join(t.TempDir(), "io.svg")
	stdout, stderr, status := runWeft(t, "bench", "-quick", "-chart", chart, "io")
	picture, err := os.ReadFile(chart)
	if status != 0 || err != nil || !bytes.Contains(picture, []byte("</svg>")) {
		t.Fatalf("exit %d, %v\n%s\n%s", status, err, stdout, stderr)
	}
	for _, model := range poll.Models() {
		if !strings.Contains(stdout, "\n"+model+" ") {
			t.Errorf("no row for %s in\n%s", model, stdout)
		}
	}
}
