package fixed

import (
	"context"
	"testing"
)

// The twin of broken/generatorleak: the generator sends or hears that the context has ended.

func numbers(ctx context.Context) <-chan int {
	out := make(chan int)
	go func() {
		defer close(out)
		for i := 0; ; i++ {
			select {
			case out <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func TestGeneratorLeak(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range numbers(ctx) {
		if i == 2 {
			break
		}
	}
}
