//go:build linux || darwin

package poll_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
)

// One event among idle descriptors: what grows with their number is the model's
// own cost.
func BenchmarkEventAmongIdle(b *testing.B) {
	for _, model := range []string{"select", "poll", "epoll", "uring"} {
		for _, idle := range []int{0, 100, 900, 9000} {
			b.Run(fmt.Sprintf("%s/%d", model, idle), func(b *testing.B) { eventAmongIdle(b, model, idle) })
		}
	}
}

func eventAmongIdle(b *testing.B, model string, idle int) {
	p, err := poll.New(model)
	if err != nil {
		b.Skip(err)
	}
	defer p.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	add := func(fd int, key poll.Key) {
		if err := p.Add(fd, key); err != nil {
			b.Skip(err)
		}
		p.Modify(fd, key, poll.Readable)
	}
	add(fds[0], 0)
	for i := range idle {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			b.Skip(err)
		}
		defer unix.Close(fd)
		add(fd, poll.Key(i+1))
	}
	events, buf := make([]poll.Event, 8), []byte("x")
	b.ReportAllocs()
	for b.Loop() {
		unix.Write(fds[1], buf)
		p.Modify(fds[0], 0, poll.Readable)
		if n, err := p.Wait(events, -1); n == 0 || err != nil {
			b.Fatal(n, err)
		}
		unix.Read(fds[0], buf)
	}
}
