package lab

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Sampler counts looks at a child, each of which found one of its threads in
// user mode: the kernel's cpu-clock event takes one each samplePeriod of CPU
// time. It writes a record for each into a ring a CPU, which nobody reads; as
// the ring is mapped read-only it never fills, and how far it has come is the
// number of records.
type Sampler struct {
	fds   []int
	rings [][]byte // each begins with a unix.PerfEventMmapPage
}

const (
	samplePeriod = 250 * time.Microsecond // often enough for a short round, with less than a percent of overhead
	sampleBytes  = 8                      // a record is a header
)

// StartSampled calls start, which starts a process, and samples that and all
// its threads. An event is inherited by what its thread forks, and is enabled by
// exec, so nothing is missed; the thread ends afterwards, as a later child of
// it would inherit the event, too. Where the system refuses to sample, the
// sampler is nil and why says so.
func StartSampled(start func() error) (s *Sampler, why, err error) {
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		s, why = newSampler()
		err = start()
	}()
	<-done
	if why != nil || err != nil {
		s.Close()
		s = nil
	}
	return s, why, err
}

// newSampler samples what the calling thread forks.
func newSampler() (*Sampler, error) {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Sample: uint64(samplePeriod),
		Bits: unix.PerfBitDisabled | unix.PerfBitEnableOnExec | unix.PerfBitInherit |
			unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	s := &Sampler{}
	for cpu := range runtime.NumCPU() {
		fd, err := unix.PerfEventOpen(&attr, 0, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			return s, fmt.Errorf("perf_event_open: %w", err)
		}
		s.fds = append(s.fds, fd)
		ring, err := unix.Mmap(fd, 0, 2*os.Getpagesize(), unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			return s, fmt.Errorf("perf_event_open: mmap: %w", err)
		}
		s.rings = append(s.rings, ring)
	}
	return s, nil
}

// user is the CPU time in user mode so far.
func (s *Sampler) user() (d time.Duration) {
	for _, ring := range s.rings {
		page := (*unix.PerfEventMmapPage)(unsafe.Pointer(&ring[0]))
		d += time.Duration(atomic.LoadUint64(&page.Data_head)/sampleBytes) * samplePeriod
	}
	return d
}

// Close ends the sampling. A nil s has none.
func (s *Sampler) Close() {
	if s == nil {
		return
	}
	for _, ring := range s.rings {
		_ = unix.Munmap(ring)
	}
	for _, fd := range s.fds {
		_ = unix.Close(fd)
	}
}
