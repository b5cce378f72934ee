package sched

import (
	"iter"
	"sync/atomic"

	"github.com/weftgo/weft/poll"
)

// pollTable maps keys to descriptors: {slot, generation}. Slots stand in
// segments that never move, so that a look-up takes no lock: it loads the list
// of segments, which is replaced whole, and the slot's pointer.
//
// A slot is used again, with the next generation. Whoever comes with a key of
// before finds another PollDesc there, or none, and compares.
type pollTable struct {
	mu    Lock // guards what follows; segs is read without it
	ended bool
	free  []uint32
	used  uint32
	segs  atomic.Pointer[[]*pollSegment]
}

const (
	segmentShift    = 8
	pollSegmentSize = 1 << segmentShift
	genShift        = 32
	genMask         = 1<<31 - 1 // so no key is poll.WakeKey, and the highest bit is free (deadlines)
)

type pollSegment [pollSegmentSize]pollSlot

type pollSlot struct {
	pd  atomic.Pointer[PollDesc]
	gen uint32 // of its present or next owner; pollTable.mu
}

func (pt *pollTable) init() { pt.segs.Store(new([]*pollSegment)) }

// insert gives pd a slot and its key.
func (pt *pollTable) insert(pd *PollDesc) bool {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	if pt.ended {
		return false
	}
	var slot uint32
	if n := len(pt.free); n > 0 {
		slot = pt.free[n-1]
		pt.free = pt.free[:n-1]
	} else {
		slot = pt.used
		pt.used++
	}
	segs := *pt.segs.Load()
	if int(slot>>segmentShift) == len(segs) {
		segs = append(segs[:len(segs):len(segs)], new(pollSegment)) // a copy: others read the old one
		pt.segs.Store(&segs)
	}
	e := &segs[slot>>segmentShift][slot%pollSegmentSize]
	pd.key = poll.Key(slot) | poll.Key(e.gen)<<genShift
	e.pd.Store(pd)
	return true
}

func (pt *pollTable) remove(pd *PollDesc) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	e := pt.slot(pd.key)
	e.pd.Store(nil)
	e.gen = (e.gen + 1) & genMask
	pt.free = append(pt.free, uint32(pd.key))
}

func (pt *pollTable) slot(key poll.Key) *pollSlot {
	slot := uint32(key)
	return &(*pt.segs.Load())[slot>>segmentShift][slot%pollSegmentSize]
}

// find returns the descriptor that has key, nil if that has been removed.
func (pt *pollTable) find(key poll.Key) *PollDesc {
	if pd := pt.slot(key).pd.Load(); pd != nil && pd.key == key {
		return pd
	}
	return nil
}

// end refuses further descriptors and returns those that are there.
func (pt *pollTable) end() iter.Seq[*PollDesc] {
	pt.mu.Lock()
	pt.ended = true
	used := pt.used
	pt.mu.Unlock()
	return func(yield func(*PollDesc) bool) {
		for slot := range used {
			if pd := pt.slot(poll.Key(slot)).pd.Load(); pd != nil && !yield(pd) {
				return
			}
		}
	}
}
