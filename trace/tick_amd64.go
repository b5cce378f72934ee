package trace

import (
	"os"
	"strings"
)

// tick reads the processor's time stamp counter, in 18 ns where the system's
// clock takes 25.
func tick() int64

func cpuid(leaf uint32) (eax, edx uint32)

// tickWorks: the counter runs at a constant rate, and is the same on every
// core. The processor vouches for the first; for the second the kernel, which
// checks it all the time and stops using the counter as its clock if it is not.
var tickWorks = func() bool {
	const lastExtended, features, power = 0x80000000, 0x80000001, 0x80000007
	if last, _ := cpuid(lastExtended); last < power {
		return false
	}
	_, has := cpuid(features)
	_, invariant := cpuid(power)
	if has&(1<<27) == 0 || invariant&(1<<8) == 0 { // RDTSCP, invariant TSC
		return false
	}
	source, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	return err == nil && strings.TrimSpace(string(source)) == "tsc"
}()
