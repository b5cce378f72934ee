package racy

import (
	"errors"
	"io"
	"sync"
	"testing"
)

// Two goroutines leave their error in one variable: an interface is two words, written one after the other.

func TestInterfaceWords(t *testing.T) {
	var err error
	var wg sync.WaitGroup
	wg.Go(func() { err = io.EOF })
	wg.Go(func() { err = &timeout{} })
	wg.Wait()
	if late := (*timeout)(nil); !errors.As(err, &late) && err != io.EOF {
		t.Error(err)
	}
}

type timeout struct{ after int }

func (*timeout) Error() string { return "timed out" }
