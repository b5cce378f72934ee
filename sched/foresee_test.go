//go:build (amd64 || arm64) && !race

package sched

import (
	"testing"

	"github.com/weftgo/weft/internal/ident"
)

func TestAHintLeadsBack(t *testing.T) {
	run(t, procs(1), func() {
		if g := ident.Self(); hintOf(g).addr() != g {
			t.Errorf("the address of g, %#x, is not one of 16 bytes", g)
		}
		for _, p := range []uintptr{ident.StackPointer(), ident.Self(), heapStart, heapStart - 1, heapStart + 1<<30} {
			if got := hintOf(p).addr(); got > p || p-got >= 16 {
				t.Errorf("%#x comes back as %#x", p, got)
			}
		}
	})
}
