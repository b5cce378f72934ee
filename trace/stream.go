package trace

import (
	"bytes"
	"encoding/binary"
)

// Stream encodes events in the recording format in pieces, for whoever sends
// them to several places or keeps only some. A recording is put together as head,
// symbols, events and end. It serves one goroutine.
type Stream struct {
	w   *Writer
	out pieces
}

// pieces takes what a Writer writes, one chunk a call.
type pieces struct{ head, symbols, events []byte }

func (p *pieces) Write(b []byte) (int, error) {
	switch {
	case len(p.head) == 0 || b[0] == chunkHeader:
		p.head = append(p.head, b...)
	case b[0] == chunkSymbols:
		p.symbols = append(p.symbols, b...)
	default:
		p.events = append(p.events, b...)
	}
	return len(b), nil
}

// NewStream returns a Stream. symbol says what the program counters in events
// stand for; nil means Resolve.
func NewStream(symbol func(pc uint64) Symbol) *Stream {
	s := &Stream{}
	s.w = NewWriter(&s.out, symbol)
	s.w.begin() // to memory, as all that follows: no error
	return s
}

// Head returns what a recording begins with.
func (s *Stream) Head() []byte { return bytes.Clone(s.out.head) }

// Encode returns the chunks of events, and those of the symbols that they are
// the first to use, which must stand before them. The slices are the caller's.
func (s *Stream) Encode(events []Event) (symbols, chunks []byte) {
	s.out.symbols, s.out.events = nil, make([]byte, 0, 12*len(events)+64)
	s.w.WriteEvents(events)
	return s.out.symbols, s.out.events
}

// End returns the end mark of a recording of so many events.
func (s *Stream) End(events uint64) []byte {
	s.out.events = nil
	s.w.buf = binary.AppendUvarint(s.w.buf[:0], events)
	s.w.chunk(chunkEnd)
	return s.out.events
}
