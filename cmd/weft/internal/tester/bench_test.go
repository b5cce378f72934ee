package tester

import (
	"path/filepath"
	"testing"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/seam"
)

// binaryOf builds the tests of a package below testdata.
func binaryOf(t testing.TB, dir string) *Binary {
	t.Helper()
	return built(t, filepath.Join("testdata", dir), dir)
}

// built builds the tests of the package path in dir.
func built(t testing.TB, dir, path string) *Binary {
	t.Helper()
	tc, err := seam.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{Config: Config{Dir: dir, Limits: testLimits}, scratch: t.TempDir()}
	if s.overlay, err = tc.Prepare(seam.Steer()); err != nil {
		t.Fatal(err)
	}
	p := &pack{ImportPath: path, Dir: dir}
	if err := s.build(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	return p.bin
}

// BenchmarkSchedules is the throughput of one worker, on one core, on a test with six goroutines.
func BenchmarkSchedules(b *testing.B) {
	h := NewHost(binaryOf(b, "kinds"))
	defer h.Close()
	r := explore.Range{Test: "TestRight", Strategy: explore.StrategyRandom, Seed: 1, Count: 1}
	if _, _, err := h.Explore(b.Context(), r); err != nil { // the process starts
		b.Fatal(err)
	}
	r.First, r.Count = 1, uint64(b.N)
	b.ResetTimer()
	if _, f, err := explore.Search(b.Context(), []explore.Host{h}, r, nil); err != nil || f != nil {
		b.Fatal(f, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schedules/s")
	w := h.w
	h.Close()
	if state := w.cmd.ProcessState; state != nil {
		b.ReportMetric(float64(b.N)/(state.UserTime()+state.SystemTime()).Seconds(), "schedules/cpu-s")
	}
}
