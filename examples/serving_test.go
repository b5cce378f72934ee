package examples

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/weftgo/weft/poll"
)

// serve runs the example until the end of the test and returns the address that
// it says it is on.
func serve(t *testing.T, name string, flags ...string) (addr string) {
	t.Helper()
	cmd := exec.Command(build(t, name), append(flags, "-addr", "127.0.0.1:0")...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), name+" on ")
	if err != nil || !ok {
		t.Fatalf("%s said %q: %v", name, line, err)
	}
	return addr
}

func TestWebServesNetHTTPHandlers(t *testing.T) {
	addr := serve(t, "web")
	for range 3 {
		resp, err := http.Get("http://" + addr + "/hello/weft")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != "hello, weft\n" {
			t.Errorf("got %q, %v", body, err)
		}
	}
}

func TestChatTellsEverybody(t *testing.T) {
	addr := serve(t, "chat")
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	var all []net.Conn
	for range 3 {
		c, _, _, err := ws.Dial(ctx, "ws://"+addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(4 * time.Minute))
		// It has joined when it hears itself: the handshake's answer comes first.
		if err := wsutil.WriteClientText(c, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
		for _, c := range all {
			if got, err := wsutil.ReadServerText(c); err != nil || string(got) != "hello" {
				t.Fatalf("got %q, %v", got, err)
			}
		}
	}
}

func TestKeyvalueRemembers(t *testing.T) {
	addr := serve(t, "keyvalue")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(4 * time.Minute))
	io.WriteString(c, "set a some words\nget a\r\nwhat\nquit\n")
	got, err := io.ReadAll(c)
	if want := "ok\nsome words\nerror: say set KEY VALUE, get KEY or quit\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// A client that many programs in JavaScript use, on each model of I/O.
func TestChatWithTheClientOfNpm(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat("testdata/ws/node_modules"); err != nil {
		t.Skip("the client is not installed: (cd examples/testdata/ws && npm ci)")
	}
	for _, model := range poll.Models() {
		t.Run(model, func(t *testing.T) {
			if err := poll.Check(model); err != nil {
				t.Skip(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, "node", "testdata/ws/client.js", serve(t, "chat", "-io", model)).CombinedOutput()
			if err != nil || string(out) != "ok\n" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
