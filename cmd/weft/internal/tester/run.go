package tester

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/weftgo/weft/explore"
	"github.com/weftgo/weft/seam"
)

// Config is what weft test is asked to do.
type Config struct {
	Dir       string // where the go command runs, "" is the current directory
	Patterns  []string
	Run       string // which tests, as for go test
	Tags      string
	Race      bool
	Strategy  uint64
	Depth     uint64
	Schedules uint64 // a test
	Count     int
	Seed      uint64
	Shard     [2]uint64 // this one of so many, counted from 1
	Replay    string
	Trace     string // file for a recording of the replayed schedule
	Check     bool
	Verbose   bool
	RealTime  bool
	RealNet   bool
	Limits    Limits
	Jobs      int
	NoShrink  bool

	Out      io.Writer
	JSON     io.Writer // nil: none
	Progress func(line string)
}

// Result is what came of one test.
type Result struct {
	Package   string   `json:"package"`
	Test      string   `json:"test"`
	Failed    bool     `json:"failed"`
	Kind      string   `json:"kind,omitempty"`
	Schedule  uint64   `json:"schedule,omitempty"`
	Token     string   `json:"token,omitempty"`
	Repeats   bool     `json:"repeats,omitempty"`
	Repeat    string   `json:"repeat,omitempty"`
	Schedules uint64   `json:"schedules"`
	Distinct  uint64   `json:"distinct"`
	PerSecond float64  `json:"schedulesPerSecond"`
	Untamed   []string `json:"untamed,omitempty"`
	Output    string   `json:"report,omitempty"`
	Hash      string   `json:"hash,omitempty"`
}

// pack is a package with tests.
type pack struct {
	ImportPath, Dir           string
	TestGoFiles, XTestGoFiles []string
	Error                     *struct{ Err string }

	bin     *Binary
	symbols *symbols
}

// session is one run of weft test.
type session struct {
	Config
	overlay *seam.Overlay
	scratch string
	match   pattern
	failed  bool
	ran     int // tests
}

// Main does what c says. It reports whether a test failed; an error says why it could not do it.
func Main(ctx context.Context, c Config) (failed bool, err error) {
	if c.Replay != "" {
		p, tok, err := Open(ctx, c)
		if err != nil {
			return false, err
		}
		defer p.Close()
		s, err := p.Play(ctx, tok)
		if err != nil {
			return false, err
		}
		return s.Failed != "", p.Tell(s)
	}
	s, packs, err := newSession(ctx, c)
	if err != nil {
		return false, err
	}
	defer s.close()
	for i, p := range packs {
		if err := s.pack(ctx, p, i); err != nil {
			return s.failed, err
		}
	}
	if s.ran == 0 && !s.failed {
		return false, s.noTests()
	}
	return s.failed, nil
}

// newSession prepares what c says and lists the packages. close undoes it.
func newSession(ctx context.Context, c Config) (s *session, packs []*pack, err error) {
	s = &session{Config: c}
	if s.match, err = parsePattern(c.Run); err != nil {
		return nil, nil, fmt.Errorf("-run: %v", err)
	}
	tc, err := seam.Find(c.Dir)
	if err != nil {
		return nil, nil, err
	}
	if s.overlay, err = tc.Prepare(seam.Steer()); err != nil {
		return nil, nil, err
	}
	if s.scratch, err = firstFree(filepath.Join(os.TempDir(), "weft-test")); err != nil {
		return nil, nil, err
	}
	s.overlay.Temp = s.scratch
	if packs, err = s.list(ctx); err != nil {
		s.close()
		return nil, nil, err
	}
	return s, packs, nil
}

func (s *session) close() { os.RemoveAll(s.scratch) }

func (s *session) noTests() error {
	return fmt.Errorf("no tests to run in %s: name packages with tests, fuzz targets or examples%s",
		strings.Join(s.Patterns, " "), s.matching())
}

func (s *session) matching() string {
	if s.Run == "" {
		return ""
	}
	return fmt.Sprintf(" that match -run %s", s.Run)
}

// list finds the packages that have tests.
func (s *session) list(ctx context.Context) (packs []*pack, err error) {
	args := []string{"-e", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles,Error"}
	if s.Tags != "" {
		args = append(args, "-tags", s.Tags)
	}
	cmd := s.overlay.Command(ctx, "list", append(args, s.Patterns...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %s", strings.TrimSpace(stderr.String()))
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		p := &pack{}
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Error != nil {
			return nil, errors.New(strings.TrimSpace(p.Error.Err))
		}
		if len(p.TestGoFiles)+len(p.XTestGoFiles) > 0 {
			packs = append(packs, p)
		}
	}
	return packs, nil
}

// build makes the test binary of p.
func (s *session) build(ctx context.Context, p *pack, i int) error {
	path := filepath.Join(s.scratch, fmt.Sprintf("%d.test", i))
	args := []string{"-c", "-o", path}
	if s.Race {
		args = append(args, "-race")
	}
	if s.Tags != "" {
		args = append(args, "-tags", s.Tags)
	}
	args = append(args, seam.SteerFlags...)
	cmd := s.overlay.Command(ctx, "test", append(args, p.ImportPath)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not build:\n%s", p.ImportPath, strings.TrimSpace(string(out)))
	}
	p.bin = &Binary{Path: path, Dir: p.Dir, Package: p.ImportPath, RealTime: s.RealTime, RealNet: s.RealNet, Limits: s.Limits,
		Scratch: s.scratch}
	base, err := filepath.Abs(s.Dir)
	if err != nil {
		return err
	}
	p.symbols, err = newSymbols(path, s.overlay.GOROOT, base)
	return err
}

// pack runs the tests of one package.
func (s *session) pack(ctx context.Context, p *pack, i int) error {
	began := time.Now()
	if err := s.build(ctx, p, i); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprintf(s.Out, "FAIL\t%v\n", err)
		s.failed = true
		return nil
	}
	defer os.Remove(p.bin.Path)
	var hosts []explore.Host
	for range max(s.Jobs, 1) {
		h := NewHost(p.bin)
		defer h.Close()
		hosts = append(hosts, h)
	}
	tests, err := hosts[0].(*Host).Tests()
	if err != nil {
		return err
	}
	tests = s.match.of(tests)
	var total explore.Progress
	bad := 0
	for _, name := range tests {
		s.ran++
		for round := range max(s.Count, 1) {
			res, err := s.test(ctx, p, hosts, name, s.Seed+uint64(round))
			if err != nil {
				return err
			}
			total.Schedules += res.Schedules
			if res.Failed {
				bad++
				break
			}
		}
	}
	word := "ok  "
	if bad > 0 {
		word, s.failed = "FAIL", true
	}
	fmt.Fprintf(s.Out, "%s\t%s\t%d schedules\t%.1fs\n", word, p.ImportPath, total.Schedules, time.Since(began).Seconds())
	return nil
}

// test explores one test.
func (s *session) test(ctx context.Context, p *pack, hosts []explore.Host, name string, seed uint64) (*Result, error) {
	r := explore.Range{Test: name, Strategy: s.Strategy, Depth: s.Depth, Seed: seed, Count: s.Schedules}
	if n := s.Shard[1]; n > 1 {
		i := s.Shard[0]
		r.First, r.Count = (i-1)*s.Schedules/n, i*s.Schedules/n-(i-1)*s.Schedules/n
	}
	began := time.Now()
	rate := func(done uint64) float64 { return float64(done) / max(time.Since(began).Seconds(), 1e-9) }
	prog, f, err := explore.Search(ctx, hosts, r, func(q explore.Progress) {
		s.Progress(fmt.Sprintf("%s %s: %d of %d schedules, %.0f/s, %d distinct",
			p.ImportPath, name, q.Schedules, r.Count, rate(q.Schedules), q.Distinct))
	})
	s.Progress("")
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	res := &Result{Package: p.ImportPath, Test: name, Schedules: prog.Schedules, Distinct: prog.Distinct, PerSecond: rate(prog.Schedules)}
	if f != nil {
		res.Schedules++
		if err := s.explain(ctx, p, name, f, res); err != nil {
			return nil, err
		}
	} else if s.Check {
		if err := s.check(ctx, p, name, r, res); err != nil {
			return nil, err
		}
	}
	if f == nil && s.Verbose && !res.Failed {
		fmt.Fprintf(s.Out, "ok   %s: %d schedules, %d distinct, %.0f/s\n", name, res.Schedules, res.Distinct, res.PerSecond)
	}
	if s.JSON != nil {
		return res, json.NewEncoder(s.JSON).Encode(res)
	}
	return res, nil
}

// shrinkTries and shrinkTime bound what a failure may cost.
const (
	shrinkTries = 150
	shrinkTime  = 8 * time.Second
)

// explain repeats a failure, looks for fewer deviations, and reports it.
func (s *session) explain(ctx context.Context, p *pack, name string, f *explore.Failure, res *Result) error {
	res.Failed, res.Kind, res.Schedule = true, f.Kind, f.Index
	tok := explore.Token{
		Test: name, Seed: f.Seed, Slack: uint64(s.Limits.Slack.Microseconds()), RealTime: s.RealTime, RealNet: s.RealNet, Devs: f.Devs,
	}
	if f.Index == 0 {
		tok.Devs = nil // the default schedule: what there are, fairness has made
	}
	h := NewHost(p.bin)
	defer h.Close()
	again, err := h.Replay(ctx, tok)
	if err != nil {
		return err
	}
	if res.Repeats = again.same(f.Kind); res.Repeats && !s.NoShrink {
		s.Progress(fmt.Sprintf("%s %s: %s, looking for a shorter schedule", p.ImportPath, name, f.Kind))
		until := time.Now().Add(shrinkTime)
		tok.Devs = explore.Shrink(tok.Devs, shrinkTries, func(devs []explore.Dev) bool {
			t := tok
			t.Devs = devs
			run, err := h.Replay(ctx, t)
			return err == nil && time.Now().Before(until) && run.same(f.Kind)
		})
		if again, err = h.Replay(ctx, tok); err != nil {
			return err
		}
		s.Progress("")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "--- FAIL: %s, schedule %d: %s: %s\n", name, f.Index, f.Kind, kindWords[f.Kind])
	if !res.Repeats {
		again.Failure = f
		again.Story = nil
	}
	s.writeFailure(&b, p, again)
	res.Token = tok.String()
	res.Hash = fmt.Sprintf("%016x", again.Hash)
	res.Repeat = s.repeat(tok, p)
	if res.Repeats {
		fmt.Fprintf(&b, "  %s from the default schedule; repeat it:\n    %s\n", fewDevs(tok.Devs), res.Repeat)
	} else {
		fmt.Fprintln(&b, "  it did not repeat: something is not under control, or the program keeps state from test to test; tried:")
		fmt.Fprintf(&b, "    %s\n", res.Repeat)
	}
	res.Output = b.String()
	_, err = s.Out.Write(b.Bytes())
	return err
}

// repeat is the command that repeats the schedule of tok.
func (s *session) repeat(tok explore.Token, p *pack) string {
	return fmt.Sprintf("weft test%s -replay %s %s", s.flags(), quoted(tok.String()), p.ImportPath)
}

// flags are those that the command to repeat a failure needs.
func (s *session) flags() (f string) {
	if s.Race {
		f += " -race"
	}
	if s.Tags != "" {
		f += " -tags " + s.Tags
	}
	if s.RealTime {
		f += " -realtime"
	}
	if s.RealNet {
		f += " -realnet"
	}
	return f
}

// same reports whether the run failed in that way.
func (r *Run) same(kind string) bool { return r.Failure != nil && r.Failure.Kind == kind && !r.Unfit }

func (s *session) writeFailure(w io.Writer, p *pack, r *Run) {
	d := r.Failure.Detail.(*Detail)
	p.symbols.writeBlocked(w, d)
	if ring := lockCycle(d.Blocked); ring != nil {
		fmt.Fprintf(w, "    a ring: %s\n", strings.Join(ring, " waits for "))
	}
	output := d.Output
	if k := r.Failure.Kind; !s.Verbose && (k == "panic" || k == "fatal") {
		output = crash(output)
	}
	writeOutput(w, output, 40)
	if lines := p.symbols.story(r); len(lines) > 0 {
		fmt.Fprintln(w, "  how it came to this:")
		writeStory(w, lines, 60)
	}
	p.symbols.writeUntamed(w, r.Untamed, r.loaded)
}

// Jobs is how many workers run when nobody says.
func Jobs() int { return runtime.NumCPU() }
