package weft_test

import (
	"testing"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/trace"
	"github.com/weftgo/weft/wsync"
)

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
