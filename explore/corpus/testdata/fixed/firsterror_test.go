package fixed

import (
	"errors"
	"testing"
)

// The twin of broken/firsterror: there is room for all errors.

func fetchAll(n int) error {
	errs := make(chan error, n)
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

func TestFirstError(t *testing.T) {
	if err := fetchAll(3); err == nil {
		t.Error("no error")
	}
}
