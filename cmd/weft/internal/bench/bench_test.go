package bench

import (
	"runtime"
	"slices"
	"testing"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/wsync"
)

// The sides of a workload are only comparable if they do the same.
func TestBothSidesComputeTheSame(t *testing.T) {
	err := weft.Run(func() {
		if a, b := weftFib(15), goFib(15); a != 610 || b != 610 {
			t.Errorf("fib(15) = %d and %d, want 610", a, b)
		}
		up := wsync.NewChan[int](1)
		weftSkynetNode(up, 0, 1000)
		a, _ := up.Recv()
		goUp := make(chan int, 1)
		goSkynetNode(goUp, 0, 1000)
		if b := <-goUp; a != 499_500 || b != a {
			t.Errorf("skynet: %d and %d, want 499500", a, b)
		}
	}, weft.Procs(2))
	if err != nil {
		t.Error(err)
	}
}

func TestMedianIgnoresOutliers(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{5}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 1000}, 3}, {nil, 0}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median %v, want %v", got, c.want)
		}
	}
}

func TestRatioIsGoOverWeft(t *testing.T) {
	var rows []Row
	err := Run(Options{Names: []string{"yield"}, Procs: []int{1}, Quick: true}, func(r Row) { rows = append(rows, r) })
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %d rows", err, len(rows))
	}
	if r := rows[0]; r.Name != "yield" || r.Procs != 1 || r.Ratio != r.GoNS/r.WeftNS {
		t.Errorf("odd row %+v", r)
	}
}

// For profiles: go test -bench Weft/chan -cpuprofile cpu.out.
func BenchmarkWeft(b *testing.B) {
	for _, w := range workloads {
		if w.weft == nil {
			continue
		}
		b.Run(w.name, func(b *testing.B) {
			procs := w.procs[0]
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			if err := weft.Run(func() { w.weft(b.N) }, weft.Procs(procs)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func TestRecordedRoundsAreComparedWithThePlainOnesBesideThem(t *testing.T) {
	plain := []sample{{ns: 100, sys: 100}, {ns: 300, sys: 100}, {}, {ns: 50, sys: 50}, {ns: 100}}
	recorded := []sample{{ns: 110, sys: 110}, {ns: 300, sys: 100}, {ns: 9}, {ns: 60, sys: 60}, {ns: 180}}
	if got := recordingCost(plain, recorded); !slices.Equal(got, []float64{1.1, 1.15, 1.2}) {
		t.Errorf("low, ratio, high: %v", got)
	}
	if got := recordingCost([]sample{{}}, recorded); got != nil {
		t.Errorf("of rounds without CPU time: %v", got)
	}
}
