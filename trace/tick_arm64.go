package trace

// tick reads the system counter, which the architecture makes constant in rate
// and the same on every core.
func tick() int64

const tickWorks = true
