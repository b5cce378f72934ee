package broken

import (
	"context"
	"testing"
)

// The generator does not hear that nobody listens any more, unless it is between two values.

func numbers(ctx context.Context) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for i := 0; ; i++ {
			if ctx.Err() != nil {
				return
			}
			out <- i
		}
	}()
	return out
}

// want leak
func TestGeneratorLeak(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range numbers(ctx) {
		if i == 2 {
			break
		}
	}
}
