package weft_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/trace"
	"github.com/weftgo/weft/wsync"
)

// inRun runs work in a runtime of its own, with as many threads as Ps.
func inRun(b *testing.B, procs int, work func(), opts ...weft.Option) {
	b.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	if err := weft.Run(work, append(opts, weft.Procs(procs))...); err != nil {
		b.Fatal(err)
	}
}

// Row 12 of the design: what the local queues of the Ps are for. The same work
// with them, and with one shared queue under a lock: coroutines that spawn
// others and yield, so that queues are all that it is about.
func BenchmarkQueues(b *testing.B) {
	for _, procs := range []int{1, 2, 4} {
		for _, queue := range []struct {
			name string
			opts []weft.Option
		}{{"local", nil}, {"shared", []weft.Option{weft.SharedQueue()}}} {
			b.Run(fmt.Sprintf("%s/procs=%d", queue.name, procs), func(b *testing.B) {
				inRun(b, procs, func() {
					var wg wsync.WaitGroup
					for range procs * 4 {
						wg.Go(func() {
							for range b.N / (procs * 4) {
								wg.Go(weft.Yield)
								weft.Yield()
							}
						})
					}
					wg.Wait()
				}, queue.opts...)
			})
		}
	}
}

// What recording costs: a yield makes two events. The recorder collects on a
// thread of its own.
func BenchmarkRecording(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(map[bool]string{false: "off", true: "on"}[on], func(b *testing.B) {
			var opts []weft.Option
			if on {
				rec := trace.New(trace.Options{Sinks: []trace.Sink{nowhere{}}})
				defer rec.Stop()
				opts = append(opts, weft.Trace(rec))
			}
			err := weft.Run(func() {
				var wg wsync.WaitGroup
				for range 2 {
					wg.Go(func() {
						for range b.N / 2 {
							weft.Yield()
						}
					})
				}
				wg.Wait()
			}, append(opts, weft.Procs(1))...)
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}

type nowhere struct{}

func (nowhere) WriteEvents([]trace.Event) error { return nil }
func (nowhere) Close() error                    { return nil }
