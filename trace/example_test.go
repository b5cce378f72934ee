package trace_test

import (
	"bytes"
	"fmt"
	"os"

	"github.com/weftgo/weft/trace"
)

// A recording goes to a file and to a narrator at once, and is read back.
func Example() {
	var file bytes.Buffer
	rec := trace.New(trace.Options{
		Clock: func() int64 { return 0 },
		Sinks: []trace.Sink{
			trace.NewWriter(&file, nil),
			trace.NewText(os.Stdout, trace.TextOptions{}),
		},
	})
	rec.Start()
	// What a runtime does that was given rec:
	p0, p1 := rec.Ring(0), rec.Ring(1)
	p0.Emit(trace.KGoPark, uint8(trace.WaitChanReceive), 0, 3, 0xc000012080, 0, 0)
	p1.Emit(trace.KGoReady, uint8(trace.QRunnext), 1, 2, 3, 0xc000012080, uint64(trace.ByCoroutine))
	p1.Emit(trace.KGoStart, uint8(trace.QRunnext), 1, 3, 0, 0, 0)
	if err := rec.Stop(); err != nil {
		fmt.Println(err)
	}

	events, err := trace.NewReader(&file).ReadAll()
	fmt.Println(len(events), "events read back,", err)
	// Output:
	// [m0 p0 g3] gopark: chan receive chan#1
	// [m1 p1 g2] goready g3 → p1.runnext, parked on chan#1
	// [m1 p1 g0] execute g3 (from p1.runnext)
	// 3 events read back, <nil>
}
