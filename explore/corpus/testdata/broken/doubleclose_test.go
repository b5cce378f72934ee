package broken

import (
	"sync"
	"testing"
)

// Two callers may both find the door open, and both close it.

type door struct {
	closed chan struct{}
}

func (d *door) shut() {
	select {
	case <-d.closed:
	default:
		close(d.closed)
	}
}

// want panic
func TestDoubleClose(t *testing.T) {
	d := &door{closed: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(d.shut)
	wg.Go(d.shut)
	wg.Wait()
	<-d.closed
}
