package wsync_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/wsync"
	"github.com/weftgo/weft/wtime"
)

func ExampleSelect() {
	lines, quit := wsync.NewChan[string](0), wsync.NewChan[struct{}](0)
	sched.Go(func() {
		lines.Send("one")
		lines.Send("two")
		quit.Close()
	})
	for done := false; !done; {
		wsync.Select(
			wsync.OnRecv(lines, func(line string, ok bool) { fmt.Println(line) }),
			wsync.OnRecv(quit, func(struct{}, bool) { done = true }),
			wsync.OnRecv(wtime.After(time.Minute), func(time.Time, bool) { fmt.Println("too late") }),
		)
	}
	// Output:
	// one
	// two
}

func ExampleGroup() {
	var g wsync.Group
	g.SetLimit(2)
	for i := range 4 {
		g.Go(func() error {
			if i == 2 {
				return errors.New("task 2 failed")
			}
			return nil
		})
	}
	fmt.Println(g.Wait())
	// Output: task 2 failed
}

func ExampleChan_All() {
	c := wsync.NewChan[int](3)
	for i := range 3 {
		c.Send(i * i)
	}
	c.Close()
	for v := range c.All() {
		fmt.Println(v)
	}
	// Output:
	// 0
	// 1
	// 4
}
