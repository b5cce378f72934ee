// Package exact has tests that log something that depends on the schedule: under one seed it is always the same.
package exact

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// diary takes notes from many goroutines, in the order in which they come.
type diary struct {
	mu    sync.Mutex
	notes []string
}

func (d *diary) note(what ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notes = append(d.notes, strings.TrimSpace(fmt.Sprintln(what...)))
}

var told bool

// tell logs the notes. With CORPUS_TELL set it fails the test, so that the log is seen, but for the first time in a process:
// weft test begins each process with the schedule that is the simplest one, and that must not fail.
func (d *diary) tell(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	t.Log(strings.Join(d.notes, ", "))
	if told && os.Getenv("CORPUS_TELL") != "" {
		t.Fail()
	}
	told = true
}
