//go:build ignore

// exit: 3

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	answers := make([]string, 4)
	for i := range answers {
		wg.Go(func() {
			cmd := exec.Command("cat")
			cmd.Stdin = strings.NewReader(strings.Repeat("a", 100000*i))
			out, err := cmd.Output()
			answers[i] = fmt.Sprint(len(out), " ", err)
		})
	}
	wg.Wait()
	for _, a := range answers {
		fmt.Println(a)
	}
	var exit *exec.ExitError
	err := exec.Command("sh", "-c", "echo from the child >&2; exit 3").Run()
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
}
