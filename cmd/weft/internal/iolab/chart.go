package iolab

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// The chart: two panels over the number of idle connections, each with a line a
// model. The vertical axis is logarithmic, so that a model that pays for every
// idle connection and one that pays for none fit on it.
const (
	chartWidth, chartHeight = 900, 430
	panelTop, panelHeight   = 64, 300
	panelWidth              = 320
	labelGap                = 15 // between the names at the lines' ends
)

// colors are told apart by people who see colours differently, too (Okabe, Ito).
var colors = []string{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"}

type line struct {
	name, color string
	x           []int
	y           []float64 // nanoseconds
}

// Chart writes rows as an SVG picture.
func Chart(w io.Writer, rows []Row) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#222">
<title>What idle connections cost under each I/O model</title>
<rect width="100%%" height="100%%" fill="#fff"/>
<text x="20" y="24" font-size="15" font-weight="bold">%s</text>
`, chartWidth, chartHeight, html.EscapeString(heading(rows)))
	panel(&b, 60, "server CPU a request", lines(rows, func(r Row) float64 { return r.CPU }))
	panel(&b, 500, "99th percentile of an answer's time", lines(rows, func(r Row) float64 { return r.P99 }))
	fmt.Fprintf(&b, `<text x="20" y="%d" fill="#666">%s</text>`+"\n</svg>\n", chartHeight-10, html.EscapeString(refusals(rows)))
	_, err := io.WriteString(w, b.String())
	return err
}

func heading(rows []Row) string {
	if len(rows) == 0 {
		return "no rows"
	}
	return fmt.Sprintf("%d busy connections among idle ones: one handler under each I/O model", rows[0].Busy)
}

// refusals says where lines end early.
func refusals(rows []Row) string {
	var words, seen []string
	for _, r := range rows {
		if r.Err != "" && !slices.Contains(seen, r.Model) {
			seen = append(seen, r.Model)
			words = append(words, fmt.Sprintf("%s: not with %d", r.Model, r.Idle))
		}
	}
	if words == nil {
		return ""
	}
	return "A line that ends early: no more connections with that model (" + strings.Join(words, "; ") + ")."
}

func lines(rows []Row, of func(Row) float64) (all []*line) {
	for _, r := range rows {
		i := slices.IndexFunc(all, func(l *line) bool { return l.name == r.Model })
		if i < 0 {
			i = len(all)
			all = append(all, &line{name: r.Model, color: colors[i%len(colors)]})
		}
		if r.Err == "" && of(r) > 0 {
			all[i].x, all[i].y = append(all[i].x, r.Idle), append(all[i].y, of(r))
		}
	}
	return slices.DeleteFunc(all, func(l *line) bool { return l.x == nil })
}

// scale maps values to places in the picture.
type scale struct {
	left       int
	maxX       float64
	minY, maxY float64 // logarithms
}

func (s scale) x(v int) float64 { return float64(s.left) + float64(v)/s.maxX*panelWidth }

func (s scale) y(v float64) float64 {
	return panelTop + panelHeight*(1-(math.Log10(v)-s.minY)/(s.maxY-s.minY))
}

// ticks are what the vertical axis is marked with, in nanoseconds.
func ticks() (all []float64) {
	for e := 0; e < 11; e++ {
		for _, m := range []float64{1, 2, 5} {
			all = append(all, m*math.Pow10(e))
		}
	}
	return all
}

func scaleOf(left int, all []*line) scale {
	s := scale{left: left, maxX: 1, minY: math.Inf(1), maxY: math.Inf(-1)}
	low, high := math.Inf(1), 0.0
	for _, l := range all {
		s.maxX = max(s.maxX, float64(slices.Max(l.x)))
		low, high = min(low, slices.Min(l.y)), max(high, slices.Max(l.y))
	}
	for _, t := range ticks() {
		if t <= low {
			s.minY = math.Log10(t)
		}
		if t >= high {
			s.maxY = math.Log10(t)
			break
		}
	}
	if s.maxY == s.minY {
		s.maxY++
	}
	return s
}

func panel(b *strings.Builder, left int, title string, all []*line) {
	if len(all) == 0 {
		return
	}
	s := scaleOf(left, all)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", left, panelTop-14, html.EscapeString(title))
	for _, t := range ticks() {
		if v := math.Log10(t); v < s.minY || v > s.maxY {
			continue
		}
		fmt.Fprintf(b, `<path d="M%d %.1fh%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, s.y(t), panelWidth, left-6, s.y(t)+4, short(t))
	}
	var marks []int
	for _, l := range all {
		marks = append(marks, l.x...)
	}
	slices.Sort(marks)
	last := math.Inf(-1)
	for _, m := range slices.Compact(marks) {
		if s.x(m)-last > 30 {
			last = s.x(m)
			fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", last, panelTop+panelHeight+18, m)
		}
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle" fill="#666">idle connections</text>`+"\n",
		left+panelWidth/2, panelTop+panelHeight+36)
	for _, l := range all {
		var at []string
		for i := range l.x {
			at = append(at, fmt.Sprintf("%.1f,%.1f", s.x(l.x[i]), s.y(l.y[i])))
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`+"\n", s.x(l.x[i]), s.y(l.y[i]), l.color)
		}
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(at, " "), l.color)
	}
	names(b, s, all)
}

// names writes each line's name at its end, moved down where two would touch.
func names(b *strings.Builder, s scale, all []*line) {
	end := func(l *line) float64 { return s.y(l.y[len(l.y)-1]) }
	all = slices.SortedFunc(slices.Values(all), func(l, m *line) int { return cmp.Compare(end(l), end(m)) })
	last := math.Inf(-1)
	for _, l := range all {
		last = max(end(l)+4, last+labelGap)
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s">%s</text>`+"\n", s.x(l.x[len(l.x)-1])+6, last, l.color, html.EscapeString(l.name))
	}
}

// short writes a tick's time.
func short(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%g ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%g µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%g ms", ns/1e6)
	}
	return fmt.Sprintf("%g s", ns/1e9)
}
