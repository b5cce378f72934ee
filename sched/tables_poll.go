package sched

// TableFd is an entry of the poller's table: a descriptor that is registered.
type TableFd struct {
	FD       int32
	Slot     uint32    // its place in the table,
	Gen      uint32    // and which owner of that place it is
	Waits    [2]bool   // somebody is parked on the side: Reading, Writing
	G        [2]uint64 // who; 0: a goroutine, or a Starter
	Deadline [2]int64  // of the side, on Now's scale; 0: none
}

// tableFds lists at most limit descriptors, in the order of their slots.
func (s *Sched) tableFds(t *Tables, limit int) {
	pt := &s.np.pollTable
	if pt.segs.Load() == nil { // no descriptor was ever opened
		return
	}
	pt.mu.Lock()
	used := pt.used
	pt.mu.Unlock()
	for slot := range used {
		pd := (*pt.segs.Load())[slot>>segmentShift][slot%pollSegmentSize].pd.Load()
		switch {
		case pd == nil:
		case len(t.Fds) < limit:
			t.Fds = append(t.Fds, pd.table())
		default:
			t.MoreFds++
		}
	}
}

func (pd *PollDesc) table() TableFd {
	row := TableFd{FD: pd.fd, Slot: uint32(pd.key), Gen: uint32(pd.key >> genShift)}
	for side := range pd.sides {
		sd := &pd.sides[side]
		row.Deadline[side] = sd.deadline.Load()
		row.Waits[side] = pd.Parked(Side(side))
		s := sd.state.Load()
		w := sd.w.Load()
		if s&(sideWaits|sideStarts) == sideWaits && w.g != nil && sd.state.Load() == s {
			row.G[side] = w.g.ID()
		}
	}
	return row
}
