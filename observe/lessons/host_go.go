package lessons

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/weftgo/weft/observe"
	"github.com/weftgo/weft/seam"
	"github.com/weftgo/weft/trace"
)

const runLimit = 20 * time.Second // of a lesson's program, once it is built

// goProgram is an ordinary Go program, built with the seams of Go's runtime open.
type goProgram struct {
	tool *seam.Toolchain
	dir  string // its own
	bin  string
}

func (p *goProgram) remove() { os.RemoveAll(p.dir) }

func buildGo(ctx context.Context, source string) (*goProgram, error) {
	tool, err := seam.Find("")
	if err != nil {
		return nil, err
	}
	opened, err := tool.Prepare(seam.Events())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "weft-lesson-")
	if err != nil {
		return nil, err
	}
	p := &goProgram{tool, dir, filepath.Join(dir, "lesson")}
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		p.remove()
		return nil, err
	}
	opened.Temp = dir
	build := opened.Command(ctx, "build", "-o", p.bin, file)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		p.remove()
		return nil, fmt.Errorf("go build: %w: %s", err, bytes.TrimSpace(out))
	}
	return p, nil
}

// run runs the program and records it.
func (p *goProgram) run(ctx context.Context, run *observe.LessonRun, procs string) error {
	rec, err := seam.NewRecorder(p.tool, false)
	if err != nil {
		return err
	}
	entry, err := seam.ReadEntry(p.tool.GOOS, p.bin)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.bin)
	cmd.Env = append(os.Environ(), rec.Env(), "GOMAXPROCS="+procs)
	var out, file2 bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	rec.Start(entry, trace.NewWriter(&file2, rec.Symbol))
	runErr := cmd.Run()
	stats, err := rec.Stop()
	switch {
	case err != nil:
		return err
	case runErr != nil:
		return fmt.Errorf("the program: %w: %s", runErr, strings.TrimSpace(out.String()))
	case !stats.Started:
		return fmt.Errorf("the program has recorded nothing")
	}
	run.Recording, run.Output = file2.Bytes(), out.String()
	return nil
}

// procsOfGo is GOMAXPROCS of the lesson's Go program.
func (l *lesson) procsOfGo(variant string) string {
	if l.id == "procs" && variant != "" {
		return variant
	}
	return l.goProcs
}
