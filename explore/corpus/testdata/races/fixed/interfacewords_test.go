package fixed

import (
	"errors"
	"io"
	"sync"
	"testing"
)

// The twin of racy/interfacewords: the errors go through a channel.

func TestInterfaceWords(t *testing.T) {
	errs := make(chan error, 2)
	var wg sync.WaitGroup
	wg.Go(func() { errs <- io.EOF })
	wg.Go(func() { errs <- &timeout{} })
	wg.Wait()
	err := <-errs
	if late := (*timeout)(nil); !errors.As(err, &late) && err != io.EOF {
		t.Error(err)
	}
}

type timeout struct{ after int }

func (*timeout) Error() string { return "timed out" }
