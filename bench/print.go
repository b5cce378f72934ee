package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// print writes the tables: bytes are those of heap and stack a connection, CPU
// time is the server's a request, times to an answer are the client's. A ratio is a figure divided by that of package net in
// the same run: below 1 it is better than net's.
func (r *results) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	r.printIdle(t)
	r.printBusy(t)
	r.printDeadline(t)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, x := range append(r.refusals(), r.Source) {
		if _, err := fmt.Fprintln(w, x); err != nil {
			return err
		}
	}
	for _, c := range r.claims() {
		if _, err := fmt.Fprintln(w, c); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) printIdle(w io.Writer) {
	if r.Idle == nil {
		return
	}
	row(w, "idle", "peer", "bytes", "of net's", "first", "RSS")
	for _, x := range r.Idle {
		if x.Err != "" {
			row(w, x.Conns, x.Peer, "–", "", "", "")
			continue
		}
		net := r.idleOf("net", x.Conns)
		row(w, x.Conns, x.Peer, whole(x.Bytes), ratio(x.Bytes, net.Bytes), whole(x.First), whole(x.RSS))
	}
	row(w)
}

func (r *results) printBusy(w io.Writer) {
	if r.Busy == nil {
		return
	}
	row(w, "busy", "peer", "req/s", "user µs", "of net's", "system µs", "CPU µs", "of net's", "p50 µs", "p99 µs", "of net's", "p99.9 µs")
	for _, x := range r.Busy {
		if x.Err != "" {
			row(w, x.Conns, x.Peer, "–", "", "", "", "", "", "", "", "", "")
			continue
		}
		net := r.busyOf("net", x.Conns)
		row(w, x.Conns, x.Peer, whole(x.Rate), micros(x.User), ratio(x.User, net.User), micros(x.Sys), micros(x.CPU),
			ratio(x.CPU, net.CPU), whole(x.P50/1e3), whole(x.P99/1e3), ratio(x.P99, net.P99), whole(x.P999/1e3))
	}
	row(w)
}

func (r *results) printDeadline(w io.Writer) {
	for i, x := range r.Deadline {
		if i == 0 {
			row(w, "", "peer", "SetReadDeadline ns", "")
		}
		row(w, "", x.Peer, fmt.Sprintf("%.1f", x.NS), "")
	}
	if r.Deadline != nil {
		row(w)
	}
}

// refusals says which peers don't run here, and why.
func (r *results) refusals() (all []string) {
	add := func(peer, why string) {
		if line := fmt.Sprintf("%s does not run here: %s", peer, why); why != "" && !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	for _, x := range r.Idle {
		add(x.Peer, x.Err)
	}
	for _, x := range r.Busy {
		add(x.Peer, x.Err)
	}
	return all
}

// row writes cells for a tabwriter, each ended by a tab.
func row(w io.Writer, cells ...any) {
	var b strings.Builder
	for _, c := range cells {
		fmt.Fprintf(&b, "%v\t", c)
	}
	fmt.Fprintln(w, b.String())
}

func whole(v float64) string   { return fmt.Sprintf("%.0f", v) }
func micros(ns float64) string { return fmt.Sprintf("%.2f", ns/1e3) }

func ratio(v, of float64) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", v/of)
}

// idleOf returns the row of a peer, a zero one if it was not measured.
func (r *results) idleOf(peer string, conns int) idleRow {
	for _, x := range r.Idle {
		if x.Peer == peer && x.Conns == conns {
			return x
		}
	}
	return idleRow{}
}

func (r *results) busyOf(peer string, conns int) busyRow {
	for _, x := range r.Busy {
		if x.Peer == peer && x.Conns == conns {
			return x
		}
	}
	return busyRow{}
}
