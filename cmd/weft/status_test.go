package main

import (
	"testing"
	"time"

	"github.com/weftgo/weft"
)

func TestStatusLineCountsPerSecond(t *testing.T) {
	last := weft.Stats{Steals: 100, Handoffs: 10}
	now := weft.Stats{Coroutines: 9, Parked: 5, Runnable: 3, Running: 1, Steals: 160, Handoffs: 14}
	got := statusLine(last, now, 7, 5000, 2*time.Second)
	want := "2500 req/s, 7 connections | coroutines 9: 5 parked, 3 runnable, 1 running | 30 steals/s, 2 hand-offs/s"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
