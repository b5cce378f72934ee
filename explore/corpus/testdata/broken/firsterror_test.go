package broken

import (
	"errors"
	"testing"
)

// The caller returns with the first error, and the senders of the others stay.

func fetchAll(n int) error {
	errs := make(chan error)
	for i := range n {
		go func() {
			if i%2 == 1 {
				errs <- errors.New("odd")
				return
			}
			errs <- nil
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// want leak
func TestFirstError(t *testing.T) {
	if err := fetchAll(3); err == nil {
		t.Error("no error")
	}
}
