package wsync

import "testing"

// FuzzChan does the same operations, none of which waits, on a Chan and on Go's
// chan: each must do the same, panics included. An input byte is an operation.
func FuzzChan(f *testing.F) {
	f.Add(uint8(0), []byte{0, 1, 2, 3})
	f.Add(uint8(3), []byte("\x00\x00\x00\x00\x01\x01\x01\x01\x01"))
	f.Add(uint8(2), []byte{0, 4, 1, 5, 0, 0, 2, 1, 1, 1, 0, 2, 4, 5})
	f.Fuzz(func(t *testing.T, size uint8, ops []byte) {
		if len(ops) > 1000 {
			return
		}
		w, g := NewChan[int](int(size%9)), make(chan int, size%9)
		for i, op := range ops {
			got, want := weftOp(w, op, i), goOp(g, op, i)
			if got != want {
				t.Fatalf("step %d, op %d: %+v, Go has %+v", i, op%6, got, want)
			}
			if w.Len() != len(g) || w.Cap() != cap(g) {
				t.Fatalf("step %d, op %d: len %d, cap %d, Go has %d, %d", i, op%6, w.Len(), w.Cap(), len(g), cap(g))
			}
		}
	})
}

// opResult is all that an operation lets one see.
type opResult struct {
	v     int
	ok    bool
	which int // what a select chose, -1 for nothing
	panic string
}

func catch(r *opResult) {
	if v := recover(); v != nil {
		*r = opResult{panic: v.(error).Error()}
	}
}

func weftOp(c *Chan[int], op byte, i int) (r opResult) {
	defer catch(&r)
	r.which = -1
	recv := OnRecv(c, func(v int, ok bool) { r.v, r.ok = v, ok })
	switch op % 6 {
	case 0:
		r.ok = c.TrySend(i)
	case 1:
		r.v, r.ok, _ = c.TryRecv()
	case 2:
		c.Close()
	case 3:
		r.which = Select(recv, Default(nil))
	case 4:
		r.which = Select(OnSend(c, i, nil), Default(nil))
	case 5: // alone, the receive decides; the nil channel makes it a full select
		r.which = Select(recv, OnSend((*Chan[int])(nil), i, nil), Default(nil))
	}
	return r
}

func goOp(c chan int, op byte, i int) (r opResult) {
	defer func() {
		if v := recover(); v != nil {
			r = opResult{panic: v.(error).Error()}
		}
	}()
	r.which = -1
	switch op % 6 {
	case 0:
		select {
		case c <- i:
			r.ok = true
		default:
		}
	case 1:
		select {
		case r.v, r.ok = <-c:
		default:
		}
	case 2:
		close(c)
	case 3:
		select {
		case r.v, r.ok = <-c:
			r.which = 0
		default:
			r.which = 1
		}
	case 4:
		select {
		case c <- i:
			r.which = 0
		default:
			r.which = 1
		}
	case 5:
		select {
		case r.v, r.ok = <-c:
			r.which = 0
		case (chan int)(nil) <- i:
			r.which = 1
		default:
			r.which = 2
		}
	}
	return r
}
