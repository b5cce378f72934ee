package iolab

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/weftgo/weft/internal/lab"
)

func TestMain(m *testing.M) {
	if lab.IsChild() {
		Child()
	}
	if os.Getenv("GORACE") == "" { // else each child with the race detector waits a second before it ends
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	os.Exit(m.Run())
}

func TestEachPointHasItsRow(t *testing.T) {
	var rows []Row
	o := Options{Models: []string{"poll", "select"}, Quick: true}
	source, err := Run(o, func(r Row) { rows = append(rows, r) })
	if err != nil || !strings.Contains(source, "user CPU") {
		t.Fatalf("%q, %v", source, err)
	}
	if len(rows) != 4 {
		t.Fatalf("%d rows, want 4", len(rows))
	}
	for i, r := range rows {
		if i == 3 {
			if r.Model != "select" || !strings.Contains(r.Err, "FD_SETSIZE") {
				t.Errorf("select with %d idle connections: %+v, want its limit as the error", r.Idle, r)
			}
			continue
		}
		if r.Err != "" || r.Requests == 0 || r.Rate <= 0 || r.CPU <= 0 || r.P50 > r.P99 || r.P99 > r.P999 || r.P50 <= 0 {
			t.Errorf("odd row %+v", r)
		}
	}
}

func TestUnknownModelIsRefused(t *testing.T) {
	_, err := Run(Options{Models: []string{"magic"}, Quick: true}, func(Row) {})
	if err == nil || !strings.Contains(err.Error(), "choose from") {
		t.Errorf("%v", err)
	}
}

func TestChartHasALineForEachModelThatServed(t *testing.T) {
	rows := []Row{
		{Model: "poll", Idle: 0, Busy: 5, Summary: lab.Summary{CPU: 7_000, P99: 90_000}},
		{Model: "poll", Idle: 9000, Busy: 5, Summary: lab.Summary{CPU: 700_000, P99: 9_000_000}},
		{Model: "epoll", Idle: 0, Busy: 5, Summary: lab.Summary{CPU: 7_000, P99: 90_000}},
		{Model: "epoll", Idle: 9000, Busy: 5, Summary: lab.Summary{CPU: 7_000, P99: 90_000}},
		{Model: "select", Idle: 9000, Busy: 5, Err: "descriptor <1024> is past FD_SETSIZE"},
	}
	var b bytes.Buffer
	if err := Chart(&b, rows); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("no XML: %v", err)
		}
	}
	if !strings.Contains(text, "select: not with 9000") {
		t.Error("it doesn't say that select refused")
	}
	lines := regexp.MustCompile(`points="[\d.]+,([\d.]+) [\d.]+,([\d.]+)"`).FindAllStringSubmatch(text, -1)
	if len(lines) != 4 {
		t.Fatalf("%d lines, want one a panel and model", len(lines))
	}
	rise := func(m []string) float64 {
		first, _ := strconv.ParseFloat(m[1], 64)
		last, _ := strconv.ParseFloat(m[2], 64)
		return first - last
	}
	if rise(lines[0]) < 100 || rise(lines[1]) != 0 {
		t.Errorf("poll rises by %v, epoll by %v", rise(lines[0]), rise(lines[1]))
	}
	if err := Chart(io.Discard, nil); err != nil {
		t.Errorf("no rows: %v", err)
	}
}
