package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/weftgo/weft/cmd/weft/internal/iolab"
)

// ioBench is the name of the I/O lab among the benchmarks. Its table is another
// one, so it stands alone on the command line.
const ioBench = "io"

// runIO runs the I/O lab.
func (b *benching) runIO(env *environ, procs []int) error {
	if len(procs) > 1 {
		return fmt.Errorf("-procs %s: io takes one number of Ps", b.procs)
	}
	o := iolab.Options{Rounds: b.rounds, Quick: b.quick}
	if len(procs) == 1 {
		o.Procs = procs[0]
	}
	chart, err := b.createChart()
	if err != nil {
		return err
	}
	rows := []iolab.Row{}
	if !b.json {
		printIO(env.stdout, []string{"model", "idle", "req/s", "CPU µs", "user", "system", "p50 µs", "p99", "p99.9"})
	}
	source, err := iolab.Run(o, func(r iolab.Row) {
		rows = append(rows, r)
		if !b.json {
			printIO(env.stdout, ioColumns(r))
		}
	})
	if err != nil {
		return err
	}
	if chart != nil {
		defer chart.Close()
		if err := iolab.Chart(chart, rows); err != nil {
			return fileError(err)
		}
		if err := chart.Close(); err != nil {
			return fileError(err)
		}
	}
	if !b.json {
		_, err := fmt.Fprintln(env.stdout, source)
		return err
	}
	enc := json.NewEncoder(env.stdout)
	enc.SetIndent("", "\t")
	return enc.Encode(rows)
}

// createChart makes the chart's file before minutes of work are spent on it.
func (b *benching) createChart() (*os.File, error) {
	if b.chart == "" {
		return nil, nil
	}
	f, err := os.Create(b.chart)
	if err != nil {
		return nil, fileError(err)
	}
	return f, nil
}

func ioColumns(r iolab.Row) []string {
	c := []string{r.Model, strconv.Itoa(r.Idle)}
	if r.Err != "" {
		return append(c, r.Err)
	}
	c = append(c, strconv.FormatFloat(r.Rate, 'f', 0, 64))
	for _, ns := range []float64{r.CPU, r.User, r.Sys, r.P50, r.P99, r.P999} {
		c = append(c, strconv.FormatFloat(ns/1e3, 'f', 2, 64))
	}
	return c
}

func printIO(w io.Writer, c []string) {
	if len(c) == 3 {
		fmt.Fprintf(w, "%-9s %5s  %s\n", c[0], c[1], c[2])
		return
	}
	line := fmt.Sprintf("%-9s %5s %8s", c[0], c[1], c[2])
	for _, cell := range c[3:] {
		line += fmt.Sprintf(" %10s", cell)
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}
