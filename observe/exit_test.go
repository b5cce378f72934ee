package observe

import (
	"bufio"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/weftgo/weft"
)

// TestMain lets the test binary be a program that shows itself, and ends as its environment says once it has read a line.
func TestMain(m *testing.M) {
	how := os.Getenv("OBSERVE_EXIT")
	if how == "" {
		os.Exit(m.Run())
	}
	s := httptest.NewServer(Handler())
	weft.Main(func() {
		fmt.Println(s.URL)
		weft.Block(func() { bufio.NewReader(os.Stdin).ReadString('\n') })
		if how == "panic" {
			panic("as the test wants")
		}
	}, Trace())
}

func TestTheEndReachesThePageHoweverTheProgramEnds(t *testing.T) {
	for how, want := range map[string]int{"return": 0, "panic": 2} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "OBSERVE_EXIT="+how)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			url, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			w := watch(t, strings.TrimSpace(url), "")
			fmt.Fprintln(in)
			w.until(ended)
			w.c.Read(t.Context()) // answers the goodbye, as a browser does
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != want {
				t.Errorf("exit status %d, want %d", code, want)
			}
		})
	}
}
