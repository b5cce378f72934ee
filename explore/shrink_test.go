package explore

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestShrinkFindsTheDeviationsThatMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var devs []Dev
		for step := range uint32(1 + rng.IntN(300)) {
			if rng.IntN(2) == 0 {
				devs = append(devs, Dev{step, 1 + rng.Uint32N(5)})
			}
		}
		var need []Dev
		for _, d := range devs {
			if rng.IntN(60) == 0 {
				need = append(need, d)
			}
		}
		runs := 0
		got := Shrink(devs, 10_000, func(d []Dev) bool {
			runs++
			for _, n := range need {
				if !slices.Contains(d, n) {
					return false
				}
			}
			return true
		})
		if !reflect.DeepEqual(append([]Dev{}, got...), append([]Dev{}, need...)) {
			t.Fatalf("%v of %d are left, want %v", got, len(devs), need)
		}
		if limit := 60 + 40*(len(need)+1); runs > limit {
			t.Errorf("%d runs for %d of %d, want at most %d", runs, len(need), len(devs), limit)
		}
	}
}

func TestShrinkKeepsToItsBudget(t *testing.T) {
	devs := make([]Dev, 100)
	for i := range devs {
		devs[i] = Dev{uint32(i), 1}
	}
	runs := 0
	got := Shrink(devs, 5, func(d []Dev) bool { runs++; return len(d) >= 40 })
	if runs > 5 || len(got) < 40 || len(got) >= 100 {
		t.Errorf("%d runs, %d left", runs, len(got))
	}
}
