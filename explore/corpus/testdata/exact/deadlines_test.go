package exact

import (
	"context"
	"sync"
	"testing"
	"time"
)

func TestDeadlines(t *testing.T) {
	var d diary
	root, cancel := context.WithTimeout(context.Background(), 4*time.Millisecond)
	defer cancel()
	results := make(chan int)
	var wg sync.WaitGroup
	for i := range 4 {
		ctx, cancel := context.WithTimeout(root, time.Duration(i+2)*time.Millisecond)
		defer cancel()
		context.AfterFunc(ctx, func() { d.note("after", i) })
		wg.Go(func() {
			select {
			case <-ctx.Done():
				d.note(i, ctx.Err())
			case results <- i:
			}
		})
		wg.Go(func() {
			select {
			case <-root.Done():
				d.note("none for", i)
			case <-time.After(time.Duration(4-i) * time.Millisecond):
				select {
				case v := <-results:
					d.note("result", v)
				default:
				}
			}
		})
	}
	wg.Wait()
	d.tell(t)
}
