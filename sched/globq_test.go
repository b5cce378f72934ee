package sched

import "testing"

func TestGlobalQueueIsFirstInFirstOutAcrossItsChunks(t *testing.T) {
	var q globq
	gs := make([]G, 1000)
	in, out := 0, 0
	for round := range 40 {
		for range 100 + round*7 {
			q.push(&gs[in%len(gs)])
			in++
		}
		for range 90 + round*8 {
			if gp := q.pop(); gp == nil {
				if out != in {
					t.Fatalf("empty with %d in it", in-out)
				}
				break
			} else if gp != &gs[out%len(gs)] {
				t.Fatalf("number %d is out of order", out)
			}
			out++
			if q.n != in-out {
				t.Fatalf("counts %d, has %d", q.n, in-out)
			}
		}
	}
}
