package explore

// This file imports nothing, allocates nothing and holds no locks: package seam places a copy of it
// into Go's own runtime, where the scheduler calls it. So both hosts decide alike.

// A Dev is a deviation from the default schedule: the decision number Step, counted from 0, took option Pick, which is not 0.
type Dev struct{ Step, Pick uint32 }

// The kinds of a Picker. All but PickReplay draw from the seed.
const (
	PickFirst  = iota // always option 0: run on until it blocks, then first come first served
	PickRandom        // each option with the same probability
	PickSticky        // the running one goes on with probability 1 - 2^-Depth
	PickPCT           // priorities, changed Depth-1 times (Burckhardt et al., 2010)
	PickReplay        // the deviations in Replay, else option 0
)

const (
	// pickFair is how many times in a row the running goroutine may be let go on while others could run. A spinning one
	// would never end otherwise.
	pickFair = 400
	// pickDepths bounds Depth.
	pickDepths = 16
)

// A Picker makes the decisions of one schedule and keeps them.
//
// The host owns the exported fields before Start; afterwards all fields are the Picker's until the schedule has ended. One
// thread calls it at a time.
type Picker struct {
	Kind  uint32
	Depth uint32
	Bound uint32 // decisions expected, for PickPCT's changes
	Seed  uint64

	Replay []Dev    // PickReplay's, by Step
	Devs   []Dev    // memory for the record
	Prio   []uint64 // memory for PickPCT, by id; zero means not drawn yet

	Steps uint32 // decisions made
	NDevs uint32 // of which deviations, more than len(Devs) if some were lost
	Lost  bool   // a deviation of Replay named an option that was not there
	Hash  uint64 // over all decisions and what the host has told to Note

	rng     uint64
	next    int    // in Replay
	streak  uint32 // times in a row that the running one went on
	low     uint64 // the next priority below all others
	changes [pickDepths]uint32
}

// Start begins a schedule.
func (p *Picker) Start() {
	p.Steps, p.NDevs, p.Lost, p.Hash = 0, 0, false, 14695981039346656037
	p.next, p.streak, p.low = 0, 0, 1<<32
	p.rng = p.Seed
	for i := range p.Prio {
		p.Prio[i] = 0
	}
	if p.Kind == PickPCT {
		for i := range p.changes {
			p.changes[i] = p.below(max(p.Bound, 1))
		}
	}
}

// Note mixes something that happened into the hash.
func (p *Picker) Note(x uint64) {
	h := (p.Hash ^ x) * 0x9e3779b97f4a7c15
	p.Hash = h ^ h>>29
}

// Pick chooses one of at least two options, which ids names in the host's order: the running one first if stay, then in order of arrival.
func (p *Picker) Pick(ids []uint32, stay bool) int {
	k := p.choose(ids, stay)
	if stay && k == 0 {
		p.streak++
		if p.streak > pickFair {
			k = 1
		}
	}
	if k != 0 || !stay {
		p.streak = 0
	}
	if k != 0 {
		if int(p.NDevs) < len(p.Devs) {
			p.Devs[p.NDevs] = Dev{p.Steps, uint32(k)}
		}
		p.NDevs++
	}
	p.Steps++
	p.Note(uint64(ids[k])<<32 | uint64(len(ids)))
	return k
}

func (p *Picker) choose(ids []uint32, stay bool) int {
	switch p.Kind {
	case PickRandom:
		return int(p.below(uint32(len(ids))))
	case PickSticky:
		if !stay {
			return int(p.below(uint32(len(ids))))
		}
		if p.draw()>>(64-p.Depth) != 0 {
			return 0
		}
		return 1 + int(p.below(uint32(len(ids)-1)))
	case PickPCT:
		return p.highest(ids, stay)
	case PickReplay:
		return p.replay(len(ids))
	}
	return 0
}

// replay returns what Replay says of this step.
func (p *Picker) replay(n int) int {
	if p.next >= len(p.Replay) || p.Replay[p.next].Step != p.Steps {
		return 0
	}
	k := int(p.Replay[p.next].Pick)
	p.next++
	if k >= n {
		p.Lost = true
		return 0
	}
	return k
}

// highest returns the option of the highest priority. The running one falls below all others at a change, and when it has
// run on for as long as fairness lets it.
func (p *Picker) highest(ids []uint32, stay bool) int {
	for _, at := range p.changes[:min(p.Depth, pickDepths+1)-1] {
		if at == p.Steps {
			p.demote(ids[0])
		}
	}
	if stay && p.streak >= pickFair {
		p.demote(ids[0])
	}
	best := 0
	for i := range ids {
		if p.prio(ids[i]) > p.prio(ids[best]) {
			best = i
		}
	}
	return best
}

// Yielded says that id asks to let others run: under PickPCT it falls below them.
func (p *Picker) Yielded(id uint32) {
	if p.Kind == PickPCT {
		p.demote(id)
	}
}

func (p *Picker) demote(id uint32) {
	if int(id) < len(p.Prio) {
		p.low--
		p.Prio[id] = p.low
	}
}

func (p *Picker) prio(id uint32) uint64 {
	if int(id) >= len(p.Prio) {
		return 1<<63 | splitmix(p.Seed^uint64(id))
	}
	if p.Prio[id] == 0 {
		p.Prio[id] = 1<<63 | splitmix(p.Seed^uint64(id)<<17)
	}
	return p.Prio[id]
}

// below returns a number below n.
func (p *Picker) below(n uint32) uint32 {
	return uint32(uint64(uint32(p.draw()>>32)) * uint64(n) >> 32)
}

// draw is splitmix64.
func (p *Picker) draw() uint64 {
	p.rng += 0x9e3779b97f4a7c15
	return splitmix(p.rng)
}

func splitmix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
