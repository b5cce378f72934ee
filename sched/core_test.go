package sched

import (
	"sync/atomic"
	"testing"

	"github.com/weftgo/weft/trace"
)

func mustRun(t testing.TB, procs int, main func()) {
	t.Helper()
	if err := Run(main, Options{Procs: procs}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSpawn(b *testing.B) {
	b.Run("1P", func(b *testing.B) { benchSpawn(b, 1) })
	b.Run("2P", func(b *testing.B) { benchSpawn(b, 2) })
}

func benchSpawn(b *testing.B, procs int) {
	mustRun(b, procs, func() {
		var n atomic.Int64
		fn := func() { n.Add(-1) }
		for b.Loop() {
			Go(fn)
			if n.Add(1) == 100 {
				for n.Load() > 0 {
					Yield()
				}
			}
		}
	})
}

func BenchmarkYield(b *testing.B) {
	b.Run("1P", func(b *testing.B) { benchYield(b, 1) })
	b.Run("2P", func(b *testing.B) { benchYield(b, 2) })
}

func benchYield(b *testing.B, procs int) {
	mustRun(b, procs, func() {
		n := b.N/64 + 1
		var left atomic.Int64
		left.Store(64)
		w := Getg()
		t := w.Begin()
		for range 64 {
			Go(func() {
				for range n {
					Yield()
				}
				if left.Add(-1) == 0 {
					w.Ready(t, 0)
				}
			})
		}
		w.Park(t, trace.WaitUser, nil)
	})
}

func BenchmarkParkReady(b *testing.B) {
	b.Run("1P", func(b *testing.B) { benchParkReady(b, 1) })
	b.Run("2P", func(b *testing.B) { benchParkReady(b, 2) })
}

func benchParkReady(b *testing.B, procs int) {
	mustRun(b, procs, func() {
		n := b.N
		var other *G
		main := Getg()
		t := main.Begin()
		Go(func() {
			me := Getg()
			other = me
			for range n {
				t2 := me.Begin()
				main.Ready(t, 0)
				me.Park(t2, trace.WaitUser, nil)
			}
			main.Ready(t, 0)
		})
		main.Park(t, trace.WaitUser, nil)
		for range n {
			t = main.Begin()
			other.Ready(other.Begin(), 0)
			main.Park(t, trace.WaitUser, nil)
		}
	})
}
