package clock

import "testing"

func TestRealClockNeverGoesBack(t *testing.T) {
	c := NewReal()
	last := c.Now()
	for range 10000 {
		now := c.Now()
		if now < last {
			t.Fatalf("went from %d back to %d", last, now)
		}
		last = now
	}
}

func TestVirtualClockMovesOnlyForwardAndOnlyWhenTold(t *testing.T) {
	c := NewVirtual()
	if c.Now() != 0 {
		t.Fatal("does not start at 0")
	}
	c.AdvanceTo(50)
	c.AdvanceTo(20)
	if c.Now() != 50 {
		t.Fatalf("stands at %d, want 50", c.Now())
	}
}
