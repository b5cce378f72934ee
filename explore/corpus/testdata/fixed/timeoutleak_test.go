package fixed

import (
	"errors"
	"testing"
	"time"
)

// The twin of broken/timeoutleak: the answer has a place of its own.

func ask(patience, work time.Duration) error {
	answer := make(chan error, 1)
	go func() {
		time.Sleep(work)
		answer <- nil
	}()
	select {
	case err := <-answer:
		return err
	case <-time.After(patience):
		return errors.New("timed out")
	}
}

func TestTimeoutLeak(t *testing.T) {
	ask(10*time.Millisecond, 10*time.Millisecond)
}
