package explore

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

func newPicker(kind, depth uint32, seed uint64) *Picker {
	p := &Picker{Kind: kind, Depth: depth, Bound: 300, Seed: seed, Devs: make([]Dev, 10_000), Prio: make([]uint64, 64)}
	p.Start()
	return p
}

// run makes 500 decisions among options that depend on the decisions before, as in a program.
func run(p *Picker) (picks []uint32) {
	state := uint64(1)
	for range 500 {
		n := 2 + int(state%5)
		ids := make([]uint32, n)
		for i := range ids {
			ids[i] = uint32(state>>7+uint64(i)) % 64
		}
		k := p.Pick(ids, state&64 != 0)
		picks = append(picks, ids[k])
		state = splitmix(state ^ uint64(ids[k]))
	}
	return picks
}

func TestTheSameSeedMakesTheSameDecisions(t *testing.T) {
	for kind := uint32(PickFirst); kind < PickReplay; kind++ {
		a, b, c := newPicker(kind, 3, 5), newPicker(kind, 3, 5), newPicker(kind, 3, 6)
		pa, pb, pc := run(a), run(b), run(c)
		if !reflect.DeepEqual(pa, pb) || a.Hash != b.Hash {
			t.Errorf("kind %d: one seed, two schedules", kind)
		}
		if same := a.Hash == c.Hash && reflect.DeepEqual(pa, pc); same != (kind == PickFirst) {
			t.Errorf("kind %d: two seeds, same schedule %v", kind, same)
		}
	}
}

func TestDeviationsRepeatTheSchedule(t *testing.T) {
	for kind := uint32(PickFirst); kind < PickReplay; kind++ {
		for seed := range uint64(50) {
			a := newPicker(kind, 1+uint32(seed%5), seed)
			run(a)
			b := newPicker(PickReplay, 0, 0)
			b.Replay = a.Devs[:a.NDevs]
			run(b)
			if a.Hash != b.Hash || b.Lost {
				t.Fatalf("kind %d, seed %d: the replay differs, lost %v", kind, seed, b.Lost)
			}
		}
	}
}

func TestASpinningOneLetsOthersRun(t *testing.T) {
	for kind := uint32(PickFirst); kind <= PickReplay; kind++ {
		for seed := range uint64(20) {
			p := newPicker(kind, 4, seed)
			streak := 0
			for range 10_000 {
				if streak++; p.Pick([]uint32{1, 2}, true) != 0 {
					streak = 0
				}
				if streak > 2*pickFair {
					t.Fatalf("kind %d, seed %d: one ran %d times in a row", kind, seed, streak)
				}
			}
		}
	}
}

func TestPCTRunsTheHighestPriorityButForItsChanges(t *testing.T) {
	p := newPicker(PickPCT, 1, 3) // depth 1: no changes
	first := p.Pick([]uint32{1, 2, 3}, false)
	for range 100 {
		perm := rand.Perm(3)
		ids := []uint32{uint32(perm[0] + 1), uint32(perm[1] + 1), uint32(perm[2] + 1)}
		if got := ids[p.Pick(ids, false)]; got != uint32(first+1) {
			t.Fatalf("%d runs, then %d", first+1, got)
		}
	}
	p.Yielded(uint32(first + 1))
	if again := p.Pick([]uint32{1, 2, 3}, false); again == first {
		t.Error("who yielded runs again")
	}
}

func TestAPlanIsTheDefaultFirstAndThenTheStrategys(t *testing.T) {
	for strategy, want := range map[uint64]uint32{StrategyRandom: PickRandom, StrategySticky: PickSticky, StrategyPCT: PickPCT} {
		if kind, _, _ := Plan(strategy, 0, 1, 0); kind != PickFirst {
			t.Errorf("strategy %d begins with kind %d", strategy, kind)
		}
		if kind, _, _ := Plan(strategy, 0, 1, 1); kind != want {
			t.Errorf("strategy %d goes on with kind %d, want %d", strategy, kind, want)
		}
	}
	kinds := map[uint32]bool{}
	for i := range uint64(100) {
		kind, depth, _ := Plan(StrategyPortfolio, 0, 1, i)
		kinds[kind] = true
		if kind == PickPCT && depth == 0 || depth >= pickDepths || kind >= PickReplay {
			t.Errorf("kind %d with depth %d", kind, depth)
		}
	}
	if len(kinds) != 4 {
		t.Errorf("the portfolio has kinds %v", kinds)
	}
}
