package fixed

import (
	"sync"
	"testing"
	"time"
)

// The twin of broken/heartbeat: both take the registry first.

type registry struct {
	mu    sync.RWMutex
	names map[string]int
}

type journal struct {
	mu    sync.Mutex
	lines []string
}

// Both live as long as the program, so a goroutine that waits for one of them is not garbage.
var (
	theRegistry = registry{names: map[string]int{}}
	theJournal  journal
)

func (r *registry) list() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	theJournal.mu.Lock()
	defer theJournal.mu.Unlock()
	for name := range r.names {
		theJournal.lines = append(theJournal.lines[:0], name)
	}
}

func (r *registry) add(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	theJournal.mu.Lock()
	defer theJournal.mu.Unlock()
	r.names[name]++
}

func TestHeartbeat(t *testing.T) {
	theRegistry.mu, theJournal.mu = sync.RWMutex{}, sync.Mutex{}
	go theRegistry.list()
	go theRegistry.add("a")
	for range 10 { // the program goes on, whatever becomes of them
		time.Sleep(time.Second)
	}
}
