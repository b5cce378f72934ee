//go:build ignore

// exit: 2

package main

import "sync"

func main() {
	var mu sync.RWMutex
	defer func() { recover() }()
	mu.RUnlock()
}
