package lab

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

// What a parent may ask.
const (
	askUsage   = "usage"
	askMemory  = "memory"
	askFailure = "failure"
)

// Usage is the CPU time that a process has taken so far. The sum is exact: the
// kernel's scheduler counts it in nanoseconds. How it is split is an estimate,
// from looks at the process (Server.Source).
type Usage struct{ User, Sys time.Duration }

// All is the whole CPU time.
func (u Usage) All() time.Duration { return u.User + u.Sys }

// Sub returns what was taken since then.
func (u Usage) Sub(then Usage) Usage { return Usage{u.User - then.User, u.Sys - then.Sys} }

// Add returns both together.
func (u Usage) Add(v Usage) Usage { return Usage{u.User + v.User, u.Sys + v.Sys} }

// ReadUsage returns the usage of the calling process.
func ReadUsage() Usage {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		panic("getrusage: " + err.Error())
	}
	return Usage{time.Duration(ru.Utime.Nano()), time.Duration(ru.Stime.Nano())}
}

// Usage asks for the server's CPU time.
func (s *Server) Usage() (u Usage, err error) {
	if err := s.ask(askUsage, &u); err != nil {
		return u, err
	}
	return s.sampler.Split(u), nil
}

// Split returns u, a usage of the sampled process, split as the samples say; as
// it is if s is nil.
func (s *Sampler) Split(u Usage) Usage {
	if s == nil {
		return u
	}
	user := min(s.user(), u.All())
	return Usage{user, u.All() - user}
}

// Source says in words where the split of Usage comes from.
func (s *Server) Source() string {
	if s.sampler == nil {
		return fmt.Sprintf("user CPU is an estimate from the kernel's ticks, good only for long runs (%v)", s.unsampled)
	}
	return fmt.Sprintf("user CPU is an estimate from a look each %v of CPU time (perf_event_open, cpu-clock)", samplePeriod)
}

// Memory is what a process has in use.
type Memory struct {
	First   int64 // bytes of heap and stacks after one collection
	Settled int64 // the same after the collector has shrunk all stacks that it can and emptied the pools
	RSS     int64 // bytes resident, after what is free has been given back; 0 where the system does not say
}

// Sub returns what has come since then.
func (m Memory) Sub(then Memory) Memory {
	return Memory{m.First - then.First, m.Settled - then.Settled, m.RSS - then.RSS}
}

// settling is how many collections it takes: each halves a stack that is mostly unused.
const settling = 10

func memory() (m Memory) {
	m.First = inUse()
	for range settling - 1 {
		m.Settled = inUse()
	}
	debug.FreeOSMemory()
	m.RSS = resident()
	return m
}

func inUse() int64 {
	runtime.GC()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return int64(ms.HeapAlloc + ms.StackInuse)
}

// Memory asks for the server's memory.
func (s *Server) Memory() (m Memory, err error) { return m, s.ask(askMemory, &m) }

// Failure asks what has gone wrong in the server; "" is nothing.
func (s *Server) Failure() (text string, err error) { return text, s.ask(askFailure, &text) }
