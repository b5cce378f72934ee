package sched

// Stats is a snapshot of a runtime's counters. While coroutines run it is not
// taken at one instant.
type Stats struct {
	Procs      int    `json:"procs"`      // Ps
	Ms         int    `json:"ms"`         // workers, also those that sleep
	IdlePs     int    `json:"idle_ps"`    //
	Coroutines int    `json:"coroutines"` // live: created and not ended
	Running    int    `json:"running"`    //
	Runnable   int    `json:"runnable"`   // in a queue
	Parked     int    `json:"parked"`     // the rest: waiting, or in a native call without a P
	Stacks     int    `json:"stacks"`     // in use and free
	Spawned    uint64 `json:"spawned"`    // ever created
	Parks      uint64 `json:"parks"`      //
	Readies    uint64 `json:"readies"`    //
	Steals     uint64 `json:"steals"`     // successful ones
	Stolen     uint64 `json:"stolen"`     // coroutines they moved
	SameStack  uint64 `json:"same_stack"` // begun on the stack of one that had ended
	Overflows  uint64 `json:"overflows"`  // halves of full queues that went to the global one
	Polls      uint64 `json:"polls"`      // of the network, with a result
	Wakeups    uint64 `json:"wakeups"`    // Ms started or woken
	Handoffs   uint64 `json:"handoffs"`   // Ps taken from an M in a native call
	Retakes    uint64 `json:"retakes"`    // those of them that sysmon took
}

// ReadStats returns the runtime's counters.
func (s *Sched) ReadStats() Stats {
	st := Stats{
		Procs: s.Procs(), Ms: int(s.nm.Load()), IdlePs: int(s.npidle.Load()), Stacks: int(s.nstk.Load()),
		Wakeups: s.wakeups.Load(), Handoffs: s.handoffs.Load(), Retakes: s.retakes.Load(),
		Runnable: int(s.runqsize.Load()),
	}
	s.glock.Lock()
	st.Spawned = s.spawned
	s.glock.Unlock()
	for _, pp := range s.allp() {
		c := &pp.stats
		st.Spawned += c.spawned.Load()
		st.Parks += c.parks.Load()
		st.Readies += c.readies.Load()
		st.Steals += c.steals.Load()
		st.Stolen += c.stolen.Load()
		st.SameStack += c.sameStk.Load()
		st.Overflows += c.overflows.Load()
		st.Polls += c.polls.Load()
		st.Runnable += pp.runq.len()
		if pp.runnext.load() != nil {
			st.Runnable++
		}
		if pp.word.Load()&modeMask == modeUser {
			st.Running++
		}
	}
	st.Coroutines = int(max(s.live(), 0))
	st.Parked = max(st.Coroutines-st.Runnable-st.Running, 0)
	return st
}
