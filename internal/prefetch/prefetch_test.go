package prefetch

import "testing"

// Nothing can be seen of it but that it returns, whatever it is given.
func TestAnyAddressIsTaken(t *testing.T) {
	for _, p := range []uintptr{0, 1, 63, 1 << 20, 1 << 47, ^uintptr(0)} {
		for _, lines := range []int{0, 1, 100} {
			Lines(p, lines)
		}
	}
}
