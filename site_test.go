package weft_test

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

// parks keeps where coroutines park, by reason.
type parks map[trace.Reason][]trace.Symbol

func (p parks) WriteEvents(events []trace.Event) error {
	for i := range events {
		if e := &events[i]; e.Kind == trace.KGoPark {
			p[trace.Reason(e.Sub)] = append(p[trace.Reason(e.Sub)], trace.Resolve(e.B))
		}
	}
	return nil
}

func (parks) Close() error { return nil }

// line is the line from which it is called.
func line() int {
	_, _, n, _ := runtime.Caller(1)
	return n
}

// An event of a park names the line of the program that waits: neither weft's own
// nor the standard library's between, and where that was inlined, too.
func TestAParkNamesTheLineOfTheProgram(t *testing.T) {
	where := make(map[trace.Reason]int)
	got := make(parks)
	rec := trace.New(trace.Options{Sinks: []trace.Sink{got}})
	mainParks := func() { // waits until it does
		for {
			if p, _ := sched.Find(rec).Parked(1, 1); len(p) == 1 {
				return
			}
			weft.Yield()
		}
	}
	err := weft.Run(func() {
		var mu wsync.Mutex
		ch := wsync.NewChan[int](0)
		mu.Lock()
		weft.Go(func() { mainParks(); mu.Unlock() })
		mu.Lock()
		where[trace.WaitMutexLock] = line() - 1
		weft.Go(func() { mainParks(); ch.Send(1) })
		ch.Recv()
		where[trace.WaitChanReceive] = line() - 1
		a, b := pair(t)
		weft.Go(func() { mainParks(); io.WriteString(b, "line\n") })
		bufio.NewReader(a).ReadString('\n')
		where[trace.WaitIORead] = line() - 1
		a.Close()
		b.Close()
	}, weft.Procs(2), weft.Trace(rec))
	if err != nil {
		t.Fatal(err)
	}
	for why, want := range where {
		for _, s := range got[why] {
			if s.Line != want || !strings.HasSuffix(s.File, "site_test.go") || !strings.Contains(s.Func, "NamesTheLine") {
				t.Errorf("%v at %s:%d, in %s, not at line %d", why, s.File, s.Line, s.Func, want)
			}
		}
		if len(got[why]) == 0 {
			t.Errorf("no park for %v", why)
		}
	}
}

// pair returns the two ends of a connection.
func pair(t *testing.T) (a, b net.Conn) {
	ln, err := wnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if a, err = wnet.Dial("tcp", ln.Addr().String()); err == nil {
		b, err = ln.Accept()
	}
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// Many that learn the same places at once agree.
func TestPlacesAreLearntByManyAtOnce(t *testing.T) {
	got := make(parks)
	var n atomic.Int64
	err := weft.Run(func() {
		var all wsync.WaitGroup
		for range 64 {
			all.Add(1)
			weft.Go(func() {
				for range 20 {
					weft.Sleep(time.Microsecond)
					n.Add(1)
				}
				all.Done()
			})
		}
		all.Wait()
	}, weft.Procs(4), weft.Trace(trace.New(trace.Options{Sinks: []trace.Sink{got}})))
	if err != nil || n.Load() != 64*20 {
		t.Fatal(err, n.Load())
	}
	for _, s := range got[trace.WaitSleep] {
		if s != got[trace.WaitSleep][0] || !strings.Contains(s.Func, "LearntByMany") {
			t.Errorf("%+v beside %+v", s, got[trace.WaitSleep][0])
		}
	}
}
