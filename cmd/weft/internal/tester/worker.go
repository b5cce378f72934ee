// Package tester runs the tests of ordinary Go packages under explored
// schedules: it builds a test binary with Go's runtime opened (package seam),
// keeps worker processes that run it, is their Host for package explore, and
// tells what failed.
package tester

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/explore"
)

// Limits bound one schedule.
type Limits struct {
	Points  uint64        // scheduling points
	Slack   time.Duration // virtual time that may pass though something can run
	Virtual time.Duration // virtual time in all
	Real    time.Duration // time a worker may take to answer
}

// Binary is a test binary with the hooks in it.
type Binary struct {
	Path     string
	Dir      string // where its tests run
	Package  string // its import path
	RealTime bool
	RealNet  bool
	Args     []string
	Limits   Limits
	Scratch  string // a directory that is there while workers run
}

// firstFree makes the directory of the lowest number behind prefix that is not there. So the paths that a test sees are mostly the
// same each time.
func firstFree(prefix string) (dir string, err error) {
	for i := 0; ; i++ {
		dir = prefix + strconv.Itoa(i)
		if err = os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// worker is a process that runs schedules. What it prints goes to a file, which is emptied while all is well.
//
// It answers each command with one line. If it dies instead, the memory that it shared still says in which schedule.
type worker struct {
	bin   *Binary
	cmd   *exec.Cmd
	mem   []byte
	to    *os.File
	from  *bufio.Reader
	pipe  *os.File // under from
	log   *os.File
	tests []string
	temp  string        // its TMPDIR, removed with it: what a schedule leaves there meets no other, whose random names are the same
	gone  chan struct{} // closed when the process has ended
}

func startWorker(b *Binary) (w *worker, err error) {
	w = &worker{bin: b, gone: make(chan struct{})}
	var theirs []*os.File // ends that the process has
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
		if err != nil {
			w.release()
		}
	}()
	if w.temp, err = firstFree(filepath.Join(b.Scratch, "tmp")); err != nil {
		return nil, err
	}
	shared, err := scratchFile(explore.WireSize)
	if err != nil {
		return nil, err
	}
	theirs = append(theirs, shared)
	if w.mem, err = unix.Mmap(int(shared.Fd()), 0, explore.WireSize, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	commands, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	theirs, w.to = append(theirs, commands), to
	from, answers, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	theirs, w.pipe, w.from = append(theirs, answers), from, bufio.NewReader(from)
	if w.log, err = scratchFile(0); err != nil {
		return nil, err
	}
	return w, w.start([]*os.File{shared, commands, answers})
}

// scratchFile makes a file without a name, which is appended to.
func scratchFile(size int64) (*os.File, error) {
	f, err := os.CreateTemp("", "weft")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	if size > 0 {
		return f, f.Truncate(size)
	}
	defer f.Close()
	return os.OpenFile(f.Name(), os.O_RDWR|os.O_APPEND, 0)
}

func (w *worker) start(files []*os.File) error {
	b := w.bin
	mode := "WEFT_TEST=1"
	if b.RealTime {
		mode += ",realtime"
	}
	if b.RealNet {
		mode += ",realnet"
	}
	w.cmd = exec.Command(b.Path, slices.Concat([]string{"-test.timeout=0", "-test.parallel=8", "-test.paniconexit0"}, b.Args)...)
	w.cmd.Dir = b.Dir
	w.cmd.Env = append(os.Environ(), mode, "GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=3GiB", "GOTRACEBACK=all",
		"TMPDIR="+w.temp, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	w.cmd.ExtraFiles = files
	w.cmd.Stdout, w.cmd.Stderr = w.log, w.log
	w.cmd.SysProcAttr = workerAttr()
	if err := w.cmd.Start(); err != nil {
		return err
	}
	go func() {
		w.cmd.Wait()
		close(w.gone)
	}()
	for _, f := range files[1:] {
		f.Close()
	}
	fields, err := w.answer(2 * time.Minute)
	if err != nil && w.endedWell() {
		return nil // TestMain has not let the tests run
	}
	if err != nil || len(fields) < 2 || fields[0] != "tests" {
		return fmt.Errorf("the test binary of %s did not begin: %s", b.Package, w.lastWords())
	}
	if fields[1] != "" {
		w.tests = strings.Split(fields[1], ",")
	}
	return nil
}

// endedWell reports whether the process ends by itself, and with status 0.
func (w *worker) endedWell() bool {
	select {
	case <-w.gone:
		return w.cmd.ProcessState.Success()
	case <-time.After(lastWordsTime):
		return false
	}
}

// finish lets the process do what TestMain does after the tests, for a while, and ends it.
func (w *worker) finish() {
	w.to.Close()
	select {
	case <-w.gone:
	case <-time.After(finishTime):
	}
	w.stop()
}

// stop ends the process and whatever it has started.
func (w *worker) stop() {
	if w.cmd != nil && w.cmd.Process != nil {
		unix.Kill(-w.cmd.Process.Pid, unix.SIGKILL)
		<-w.gone
	}
	w.release()
}

func (w *worker) release() {
	for _, c := range []io.Closer{w.to, w.pipe, w.log} {
		if f, ok := c.(*os.File); ok && f != nil {
			f.Close()
		}
	}
	if w.mem != nil {
		unix.Munmap(w.mem)
		w.mem = nil
	}
	os.RemoveAll(w.temp)
}

var errDied = errors.New("the process has ended")
var errSilent = errors.New("the process does not answer")

// How long a process may take to end when it has said that it does, and when it is told to.
const (
	lastWordsTime = 5 * time.Second
	finishTime    = 10 * time.Second
)

// ask sends a command and returns the answer's fields.
func (w *worker) ask(wait time.Duration, fields ...string) ([]string, error) {
	if _, err := w.to.WriteString(strings.Join(fields, "\t") + "\n"); err != nil {
		return nil, errDied
	}
	return w.answer(wait)
}

func (w *worker) answer(wait time.Duration) ([]string, error) {
	type line struct {
		text string
		err  error
	}
	c := make(chan line, 1)
	go func() {
		text, err := w.from.ReadString('\n')
		c <- line{text, err}
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case l := <-c:
		if l.err != nil {
			return nil, errDied
		}
		return strings.Split(strings.TrimSuffix(l.text, "\n"), "\t"), nil
	case <-timer.C:
		unix.Kill(w.cmd.Process.Pid, unix.SIGQUIT) // its stacks
		select {
		case <-w.gone:
		case <-time.After(2 * time.Second):
			unix.Kill(-w.cmd.Process.Pid, unix.SIGKILL)
		}
		<-c
		return nil, errSilent
	}
}

func (w *worker) word(i int) uint64 { return binary.NativeEndian.Uint64(w.mem[8*i:]) }

// printed returns what the process has printed since the last forget, the end of it if it is much.
func (w *worker) printed() string {
	const most = 256 << 10
	info, err := w.log.Stat()
	if err != nil {
		return ""
	}
	from := max(0, info.Size()-most)
	buf := make([]byte, info.Size()-from)
	n, _ := w.log.ReadAt(buf, from)
	return string(buf[:n])
}

func (w *worker) forget() { w.log.Truncate(0) }

// lastWords waits for the process to end and returns what it printed, or how it ended.
func (w *worker) lastWords() string {
	select {
	case <-w.gone:
	case <-time.After(lastWordsTime):
		return "it hangs"
	}
	if s := strings.TrimSpace(w.printed()); s != "" {
		return s
	}
	return w.cmd.ProcessState.String()
}

// devs returns the deviations of the schedule that ran last.
func (w *worker) devs() (devs []explore.Dev, complete bool) {
	n := w.word(explore.WordDevs)
	for i := range min(n, explore.WireMaxDevs) {
		at := w.mem[explore.WireDevs+8*i:]
		devs = append(devs, explore.Dev{Step: binary.NativeEndian.Uint32(at), Pick: binary.NativeEndian.Uint32(at[4:])})
	}
	return devs, n <= explore.WireMaxDevs
}

// died makes a failure of the process having ended within a schedule, an error if it was outside.
func (w *worker) died(why error) (*explore.Failure, error) {
	output := w.lastWords()
	if w.word(explore.WordState) == explore.StateOutside {
		return nil, fmt.Errorf("%s: the test binary ended between schedules: %s", w.bin.Package, output)
	}
	d := &Detail{Output: output}
	kind := "exit"
	switch status, _ := w.cmd.ProcessState.Sys().(syscall.WaitStatus); {
	case errors.Is(why, errSilent):
		kind = "hang"
	case strings.Contains(output, "\nfatal error: ") || strings.HasPrefix(output, "fatal error: "):
		kind = "fatal"
	case strings.Contains(output, "\npanic: ") || strings.HasPrefix(output, "panic: "):
		kind = "panic"
	case status.Signaled():
		kind = "killed"
	}
	return w.failure(kind, w.word(explore.WordIndex), d), nil
}

// failure collects what the shared memory has of the schedule that failed.
func (w *worker) failure(kind string, index uint64, d *Detail) *explore.Failure {
	devs, complete := w.devs()
	d.take(w)
	return &explore.Failure{Index: index, Kind: kind, Seed: w.word(explore.WordSeed), Devs: devs, Complete: complete, Detail: d}
}

func number(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}

func text(n uint64) string { return strconv.FormatUint(n, 10) }

// Host is a worker that is replaced when it is no longer fit. It is an explore.Host.
type Host struct {
	bin *Binary
	w   *worker
}

// NewHost returns a host that runs b.
func NewHost(b *Binary) *Host { return &Host{bin: b} }

// Close ends the process, behind TestMain.
func (h *Host) Close() {
	if h.w != nil {
		h.w.finish()
		h.w = nil
	}
}

// drop ends the process where it stands.
func (h *Host) drop() {
	if h.w != nil {
		h.w.stop()
		h.w = nil
	}
}

func (h *Host) fit() (*worker, error) {
	if h.w != nil {
		return h.w, nil
	}
	w, err := startWorker(h.bin)
	if err != nil {
		return nil, err
	}
	h.w = w
	return w, nil
}

// Tests returns the names of the tests, of the fuzz targets, and of the examples, in the order in which go test runs them.
func (h *Host) Tests() ([]string, error) {
	w, err := h.fit()
	if err != nil {
		return nil, err
	}
	return w.tests, nil
}

// limits are fields of every command.
func (h *Host) limits() []string {
	l := &h.bin.Limits
	return []string{text(l.Points), text(uint64(l.Slack)), text(uint64(l.Virtual))}
}

// Explore runs schedules of r.
func (h *Host) Explore(ctx context.Context, r explore.Range) (p explore.Progress, f *explore.Failure, err error) {
	w, err := h.fit()
	if err != nil {
		return p, nil, err
	}
	if err := ctx.Err(); err != nil {
		return p, nil, err
	}
	fields := []string{"explore", r.Test, text(r.Strategy), text(r.Depth), text(r.Seed), text(r.First), text(r.Count)}
	fields = append(append(fields, h.limits()...), text(uint64(r.For.Milliseconds())))
	stop := context.AfterFunc(ctx, func() { unix.Kill(-w.cmd.Process.Pid, unix.SIGKILL) })
	answer, err := w.ask(h.bin.Limits.Real+r.For, fields...)
	stop()
	if ctx.Err() != nil {
		h.drop()
		return p, nil, ctx.Err()
	}
	if err != nil {
		f, err = w.died(err)
		h.drop()
		if f != nil && f.Index > r.First {
			p.Schedules = f.Index - r.First
		}
		return p, f, err
	}
	p, f = w.result(answer)
	if f != nil || len(answer) > 6 && answer[0] == "did" {
		h.drop()
	} else {
		w.forget()
	}
	return p, f, nil
}

// result reads an answer.
func (w *worker) result(a []string) (p explore.Progress, f *explore.Failure) {
	switch {
	case a[0] == "did" && len(a) >= 6:
		p = explore.Progress{Schedules: number(a[1]), Distinct: number(a[2]), Steps: number(a[3])}
		p.Points, p.Bound = number(a[4]), number(a[5])
	case a[0] == "fail" && len(a) >= 8:
		p.Schedules = number(a[1])
		p.Bound = number(a[3])
		d := &Detail{}
		output, _ := strconv.Unquote(a[5])
		blocked, _ := strconv.Unquote(a[6])
		d.Stacks, _ = strconv.Unquote(a[7])
		d.Output = w.printed() + output
		d.Blocked = parseBlocked(blocked)
		f = w.failure(a[4], number(a[2]), d)
	}
	return p, f
}

// Replay runs the schedule that tok names in a fresh process: after the default schedule, unless it is that itself.
func (h *Host) Replay(ctx context.Context, tok explore.Token) (*Run, error) {
	return h.replay(ctx, tok, len(tok.Devs) > 0)
}

// replay runs the schedule that tok names in a fresh process, after the default schedule if warm.
func (h *Host) replay(ctx context.Context, tok explore.Token, warm bool) (*Run, error) {
	var devs []string
	for _, d := range tok.Devs {
		devs = append(devs, fmt.Sprintf("%d:%d", d.Step, d.Pick))
	}
	fields := append([]string{"replay", tok.Test, text(tok.Seed)}, h.limits()...)
	fields[4] = text(tok.Slack * 1000)
	first := "0"
	if warm {
		first = "1"
	}
	return h.once(ctx, tok.Test, append(fields, strings.Join(devs, ","), first))
}

// once has a fresh process run one schedule with its story, as fields say.
func (h *Host) once(ctx context.Context, test string, fields []string) (*Run, error) {
	h.drop()
	w, err := h.fit()
	if err != nil {
		return nil, err
	}
	defer h.drop()
	if top, _, _ := strings.Cut(test, "/"); !slices.Contains(w.tests, top) {
		return nil, fmt.Errorf("%s has no %s", h.bin.Package, test)
	}
	stop := context.AfterFunc(ctx, func() { unix.Kill(-w.cmd.Process.Pid, unix.SIGKILL) })
	defer stop()
	answer, err := w.ask(h.bin.Limits.Real, fields...)
	if err == nil && answer[0] == "warm" {
		w.forget()
		answer, err = w.ask(h.bin.Limits.Real, "go")
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	run := &Run{}
	if err != nil {
		run.Failure, err = w.died(err)
	} else {
		run.Progress, run.Failure = w.result(answer)
		run.Unfit = answer[0] == "unfit"
	}
	run.take(w)
	return run, err
}
