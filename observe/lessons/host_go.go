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

// runGo builds an ordinary Go program with the seams of Go's runtime open, runs
// it and records it.
func runGo(ctx context.Context, run *observe.LessonRun, l *lesson, variant string) error {
	tool, err := seam.Find("")
	if err != nil {
		return err
	}
	opened, err := tool.Prepare(seam.Events())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "weft-lesson-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, bin := filepath.Join(dir, "main.go"), filepath.Join(dir, "lesson")
	if err := os.WriteFile(file, []byte(run.Source), 0o600); err != nil {
		return err
	}
	build := opened.Command(ctx, "build", "-o", bin, file)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, bytes.TrimSpace(out))
	}
	rec, err := seam.NewRecorder(tool, false)
	if err != nil {
		return err
	}
	entry, err := seam.ReadEntry(tool.GOOS, bin)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin)
	cmd.Env = append(os.Environ(), rec.Env(), "GOMAXPROCS="+l.procsOfGo(variant))
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
