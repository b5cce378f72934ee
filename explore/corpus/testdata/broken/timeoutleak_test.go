package broken

import (
	"errors"
	"testing"
	"time"
)

// Whoever asks stops waiting after a while, and the answer has no place to go.

func ask(patience, work time.Duration) error {
	answer := make(chan error)
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

// want leak
func TestTimeoutLeak(t *testing.T) {
	ask(10*time.Millisecond, 10*time.Millisecond)
}
