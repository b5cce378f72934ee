package seam

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weftgo/weft/trace"
)

// What the insertions cost: the processor time of programs built with them, not
// recorded ("off") and recorded ("on"), beside the same program as go build
// makes it. The three run in turns, each b.N times, and the least counts of
// each. Have -benchtime say how often: 20x.
func BenchmarkSeam(b *testing.B) {
	tool, err := Find("")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	open, plain := filepath.Join(dir, "open"), filepath.Join(dir, "plain")
	overlay, err := tool.Prepare(Events())
	if err != nil {
		b.Fatal(err)
	}
	for _, cmd := range []*exec.Cmd{
		overlay.Command(b.Context(), "build", "-o", open, "./testdata/work"),
		exec.Command("go", "build", "-o", plain, "./testdata/work"),
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	for _, work := range []string{"chan", "go", "yield", "mutex", "syscall"} {
		b.Run(work, func(b *testing.B) {
			var times [3][]float64
			var events uint64
			for b.Loop() {
				times[0] = append(times[0], measure(b, exec.Command(plain, work)))
				times[1] = append(times[1], measure(b, exec.Command(open, work)))
				cmd := exec.Command(open, work)
				rec, err := NewRecorder(tool, false)
				if err != nil {
					b.Fatal(err)
				}
				cmd.Env = append(os.Environ(), rec.Env())
				rec.Start(Entry{}, trace.NewWriter(io.Discard, rec.Symbol))
				times[2] = append(times[2], measure(b, cmd))
				stats, err := rec.Stop()
				if err != nil {
					b.Fatal(err)
				}
				events = stats.Events + stats.Lost
			}
			plain, off, on := slices.Min(times[0]), slices.Min(times[1]), slices.Min(times[2])
			b.ReportMetric(plain, "plain-ns")
			b.ReportMetric(off/plain, "off/plain")
			b.ReportMetric(on, "on-ns")
			b.ReportMetric(float64(events), "events")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// measure runs cmd on one P and returns what it prints.
func measure(b *testing.B, cmd *exec.Cmd) float64 {
	b.Helper()
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "GOGC=off")
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return ns
}
