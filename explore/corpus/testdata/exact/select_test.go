package exact

import "testing"

func TestSelect(t *testing.T) {
	var d diary
	a, b, c := make(chan int), make(chan int, 1), make(chan int, 2)
	for _, out := range []chan int{a, b, c} {
		go func() {
			defer close(out)
			for i := range 4 {
				out <- i
			}
		}()
	}
	for a != nil || b != nil || c != nil {
		select {
		case v, ok := <-a:
			d.note("a", v)
			if !ok {
				a = nil
			}
		case v, ok := <-b:
			d.note("b", v)
			if !ok {
				b = nil
			}
		case v, ok := <-c:
			d.note("c", v)
			if !ok {
				c = nil
			}
		}
	}
	d.tell(t)
}
