package fixed

import (
	"sync"
	"testing"
)

// The twin of broken/doubleclose: a Once closes it.

type door struct {
	closed chan struct{}
	once   sync.Once
}

func (d *door) shut() {
	d.once.Do(func() { close(d.closed) })
}

func TestDoubleClose(t *testing.T) {
	d := &door{closed: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(d.shut)
	wg.Go(d.shut)
	wg.Wait()
	<-d.closed
}
