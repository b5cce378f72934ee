package explore

// This file imports nothing: package seam places a copy of it into Go's package testing, whose driver makes the plan of each
// schedule itself.

// Plan returns how schedule number index of a test is made under a strategy. Number 0 is the default schedule, without
// deviations, under every strategy. depth is PCT's, 0 stands for 3.
func Plan(strategy, depth, seed, index uint64) (kind, kindDepth uint32, kindSeed uint64) {
	kindSeed = splitmix(seed + index*0x9e3779b97f4a7c15)
	if index == 0 {
		return PickFirst, 0, kindSeed
	}
	if depth == 0 {
		depth = 3
	}
	switch strategy {
	case StrategyRandom:
		return PickRandom, 0, kindSeed
	case StrategySticky:
		return PickSticky, 3, kindSeed
	case StrategyPCT:
		return PickPCT, uint32(depth), kindSeed
	}
	return planPortfolio(index, kindSeed)
}

// planPortfolio takes turns: what one strategy can't find soon another does.
func planPortfolio(index, seed uint64) (kind, depth uint32, kindSeed uint64) {
	switch index % 8 {
	case 0:
		return PickSticky, 2, seed
	case 1, 5:
		return PickRandom, 0, seed
	case 2:
		return PickPCT, 2, seed
	case 3:
		return PickSticky, 4, seed
	case 4:
		return PickPCT, 3, seed
	case 6:
		return PickPCT, 5, seed
	}
	return PickSticky, 1 + uint32(index/8%6), seed
}

// The strategies, as the explorer and the driver name them to each other.
const (
	StrategyPortfolio = iota
	StrategyRandom
	StrategySticky
	StrategyPCT
)
