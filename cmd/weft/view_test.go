package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// viewed is a running command that serves the page.
type viewed struct {
	site
	token string
	lines *bufio.Reader
}

// view starts weft with a page and waits until it says where.
func view(t *testing.T, args ...string) *viewed { return viewIn(t, "", args...) }

func viewIn(t *testing.T, dir string, args ...string) *viewed {
	t.Helper()
	v := &viewed{site: site{t: t, cmd: exec.Command(weftBinary, args...)}}
	v.cmd.Dir = dir
	stdout, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	v.cmd.Stderr = &errs
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if v.cmd.ProcessState == nil {
			v.cmd.Process.Kill()
			v.cmd.Wait()
		}
		if t.Failed() {
			t.Log(errs.String())
		}
	})
	v.lines = bufio.NewReader(stdout)
	var link string
	for link == "" {
		said, err := v.lines.ReadString('\n')
		if err != nil {
			t.Fatalf("weft said %q: %v", said, err)
		}
		link, _ = strings.CutPrefix(strings.TrimSpace(said), "view: ")
		if link == strings.TrimSpace(said) {
			link = ""
		}
	}
	v.url, v.token, _ = strings.Cut(link, "/#token=")
	return v
}

// finish ends the command as a user would.
func (v *viewed) finish() {
	v.t.Helper()
	v.signal(syscall.SIGTERM)
	if s := v.end(); s.ExitCode() != 0 {
		v.t.Errorf("ended with %v", s)
	}
}

func (v *viewed) json(path string, x any) {
	v.t.Helper()
	resp, body := v.get(path)
	if resp.StatusCode != 200 {
		v.t.Fatalf("%s: %s %s", path, resp.Status, body)
	}
	if err := json.Unmarshal([]byte(body), x); err != nil {
		v.t.Fatalf("%s: %v in %s", path, err, body)
	}
}

func TestServeIsViewedLive(t *testing.T) {
	v := view(t, "serve", "-addr", "127.0.0.1:0", "-view", "127.0.0.1:0", tree(t, map[string]string{"a.txt": "hello"}))
	said, err := v.lines.ReadString('\n')
	_, served, ok := strings.Cut(strings.TrimSpace(said), " on ")
	if err != nil || !ok {
		t.Fatalf("serve said %q: %v", said, err)
	}
	if _, page := v.get("/"); !strings.Contains(page, "<title>") {
		t.Errorf("page %.200s", page)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(v.url, "http", "ws", 1)+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 26)
	resp, err := http.Get(served + "/a.txt")
	if err != nil || readAll(t, resp.Body) != "hello" {
		t.Fatal(resp, err)
	}
	var told struct {
		Type     string
		Requests int
		Runtime  struct{ Spawned int }
	}
	for told.Requests == 0 {
		kind, b, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if kind == websocket.MessageText {
			if err := json.Unmarshal(b, &told); err != nil {
				t.Fatal(err)
			}
		}
	}
	if told.Runtime.Spawned < 2 {
		t.Errorf("told %+v", told)
	}
	var state struct {
		Source string
		Allgs  []struct{ Reason string }
	}
	if v.json("/api/state", &state); state.Source != "tables" || len(state.Allgs) < 2 {
		t.Errorf("state %+v", state)
	}
	if resp, _ := v.do("POST", "/api/control"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("control without the token: %s", resp.Status)
	}
	v.finish()
}

func TestRecordingIsViewed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.trace")
	w := serve(t, "-trace", file, tree(t, map[string]string{"a.txt": "hello"}))
	w.get("/a.txt")
	w.stop()
	v := view(t, "trace", "-view", "-addr", "127.0.0.1:0", file, file)
	var meta struct {
		Mode       string
		Recordings []struct {
			ID, Name string
			Events   int
		}
	}
	v.json("/api/meta", &meta)
	if r := meta.Recordings; meta.Mode != "file" || len(r) != 2 || r[0].Name != "x.trace" || r[0].Events < 20 || r[1].ID != "other" {
		t.Errorf("meta %+v", meta)
	}
	var diff struct{ Same bool }
	if v.json("/api/diff?a=main&b=other", &diff); !diff.Same {
		t.Error("a recording differs from itself")
	}
	v.finish()
}

func TestAFailingScheduleIsViewedBesideThePassingOne(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	const dir = "internal/tester/testdata/kinds"
	find := exec.Command(weftBinary, "test", "-run", "^TestDeadlock$", ".")
	find.Dir = dir
	out, _ := find.CombinedOutput()
	token := regexp.MustCompile(`w1\.TestDeadlock\.\S+`).FindString(string(out))
	v := viewIn(t, dir, "test", "-replay", token, "-view", "127.0.0.1:0", ".")
	var meta struct {
		Recordings []struct{ ID, Kind, Token, Command string }
	}
	v.json("/api/meta", &meta)
	if len(meta.Recordings) < 2 || meta.Recordings[0].Kind != "test" || meta.Recordings[0].Token != token ||
		!strings.Contains(meta.Recordings[0].Command, "-replay "+token) || meta.Recordings[1].ID != "other" {
		t.Errorf("the page has %+v", meta.Recordings)
	}
	var diff struct{ Same bool }
	diff.Same = true
	v.json("/api/diff?a=main&b=other", &diff)
	if diff.Same {
		t.Error("the two schedules are said to be the same")
	}
	v.signal(syscall.SIGTERM)
	if s := v.end(); s.ExitCode() != 1 {
		t.Errorf("ended with %v, and a test has failed", s)
	}
}

func TestLessonsAreServedWithoutARecording(t *testing.T) {
	v := view(t, "trace", "-view", "-addr", "127.0.0.1:0")
	resp, body := v.do("POST", "/api/lessons/sleep/run", "X-Weft-Token", v.token)
	if resp.StatusCode != 200 || !strings.Contains(body, "main is back") {
		t.Errorf("%s %s", resp.Status, body)
	}
	var answer struct{ Says []any }
	if v.json("/api/ask?q=life&g=1&id=l1", &answer); len(answer.Says) < 2 {
		t.Errorf("%+v", answer)
	}
	v.finish()
}

func TestQuestionsAreAnsweredInText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.trace")
	w := serve(t, "-trace", file, tree(t, map[string]string{"a.txt": "hello"}))
	w.get("/a.txt")
	w.stop()
	for args, want := range map[string]string{
		"-ask blocked": "When main returned", "-ask delays": "ran longest", "-ask latency": "From runnable to running",
		"-ask starved": "Ps", "-ask wakeups": "was made runnable", "-ask sites": "were created", "-ask locks": "waited",
		"-ask life=1": "g1 runs main.", "-ask object=3": "recording", "-ask blocked -lang zh": "main 返回时",
		"-ask sites -json": `"tables": [`,
	} {
		stdout, stderr, status := runWeft(t, append(append([]string{"trace"}, strings.Fields(args)...), file)...)
		if status != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: status %d, %q, no %q in %s", args, status, stderr, want, stdout)
		}
	}
}

func TestWrongUseOfThePageAndQuestionsIsOneLine(t *testing.T) {
	dir := tree(t, map[string]string{"file": "no recording"})
	file := filepath.Join(dir, "file")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, c := range []struct{ args, want string }{
		{"trace -ask why " + file, "ask blocked, delays"},
		{"trace -ask life " + file, "give a number"},
		{"trace -ask life=x " + file, "give a number"},
		{"trace -ask blocked=3 " + file, "takes no"},
		{"trace -ask blocked -text " + file, "not with -text"},
		{"trace -ask blocked -lang fr " + file, "the languages are"},
		{"trace -view -json " + file, "exclude each other"},
		{"trace -view " + file, "not a weft recording"},
		{"trace -view " + file + "2", "does not exist"},
		{"trace -view " + file + " " + file + " " + file, "side by side"},
		{"trace -view -addr 0.0.0.0:0", "-view-public"},
		{"serve -view 0.0.0.0:0 " + dir, "-view-public"},
		{"serve -view nonsense " + dir, "HOST:PORT"},
		{"serve -view " + ln.Addr().String() + " " + dir, "another address"},
	} {
		t.Run(c.args, func(t *testing.T) { refused(t, c.args, c.want) })
	}
}

// Viewers hear of the end before the process goes.
func TestViewersAreToldOfTheEnd(t *testing.T) {
	v := view(t, "serve", "-addr", "127.0.0.1:0", "-view", "127.0.0.1:0", tree(t, map[string]string{"a.txt": "hello"}))
	if _, err := v.lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(v.url, "http", "ws", 1)+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 26)
	if _, _, err := c.Read(ctx); err != nil {
		t.Fatal(err)
	}
	v.signal(syscall.SIGTERM)
	for told := ""; !strings.Contains(told, `"end"`); {
		kind, b, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if kind == websocket.MessageText {
			told = string(b)
		}
	}
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", err)
	}
	if s := v.end(); s.ExitCode() != 0 {
		t.Errorf("ended with %v", s)
	}
}
