// Package exact has tests that log something that depends on the schedule: under one seed it is always the same.
package exact

import (
	"fmt"
	"strings"
	"sync"
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

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.notes, ", ")
}
