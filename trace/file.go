package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"time"
)

// A recording on disk.
//
//	file    = magic version chunk*
//	chunk   = type length crc payload      crc: CRC-32C of type and payload
//	header  = 'H' start go os arch         start: Unix time in ns
//	symbols = 'S' (pc func file line)*     stands before the first use of a pc
//	events  = 'E' event*
//	end     = 'Z' count                    how many events the file holds
//
// Numbers are varints (signed ones zigzag), except version and type, a byte
// each, and crc, four bytes, little-endian. A string is its length and its
// bytes. A payload is at most maxPayload long.
//
//	event   = kind mask Δtime sub? M? P? G? A? B? C?
//
// mask tells which of the optional fields follow, from its lowest bit up: M, P
// and G if they differ from those of the event before, the others if they are
// not 0. Before the first event of a chunk all are 0, time too, so that each
// chunk can be read without those before it.
const (
	magic         = "weftrace"
	FormatVersion = 1 // of recordings, as this package writes and reads them

	chunkHeader  = 'H'
	chunkSymbols = 'S'
	chunkEvents  = 'E'
	chunkEnd     = 'Z'

	maxPayload     = 1 << 20
	maxString      = 1 << 12
	maxSymbols     = 1 << 18 // more are not kept,
	maxSymbolBytes = 1 << 25 // nor of longer strings in all
	chunkFilled    = 1 << 15 // a chunk longer than this is written
)

const (
	hasSub = 1 << iota
	hasM
	hasP
	hasG
	hasA
	hasB
	hasC
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header describes the process that a recording was made in.
type Header struct {
	Start        time.Time // the wall clock when the recording began
	Go           string    // Go's version, as "go1.26.8"
	GOOS, GOARCH string
}

// Writer is a [Sink] that writes a recording, to be read with a [Reader].
type Writer struct {
	w       io.Writer
	symbols symbols
	written map[uint64]bool // pcs whose symbols are in the file
	lately  [256]uint64     // some of them, or 0, by hash
	count   uint64
	begun   bool
	buf     []byte // the chunk in the making
	out     []byte
}

// NewWriter returns a Writer to w, which it writes to in large pieces, at least
// one for each call of WriteEvents. symbol says what the program counters in
// events stand for; nil means Resolve.
func NewWriter(w io.Writer, symbol func(pc uint64) Symbol) *Writer {
	return &Writer{w: w, symbols: newSymbols(symbol), written: make(map[uint64]bool)}
}

// WriteEvents writes events.
func (w *Writer) WriteEvents(events []Event) error {
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.writeSymbols(events); err != nil {
		return err
	}
	w.buf = w.buf[:0]
	prev := &noEvent
	for i := range events {
		w.buf = appendEvent(w.buf, prev, &events[i])
		prev = &events[i]
		if len(w.buf) >= chunkFilled || i == len(events)-1 {
			if err := w.chunk(chunkEvents); err != nil {
				return err
			}
			prev = &noEvent
		}
	}
	w.count += uint64(len(events))
	return nil
}

// Close writes the end mark, by which a Reader knows that the recording is
// whole.
func (w *Writer) Close() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.buf = binary.AppendUvarint(w.buf[:0], w.count)
	return w.chunk(chunkEnd)
}

func (w *Writer) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	if _, err := io.WriteString(w.w, magic+string(rune(FormatVersion))); err != nil {
		return err
	}
	w.buf = binary.AppendVarint(w.buf[:0], time.Now().UnixNano())
	for _, s := range []string{runtime.Version(), runtime.GOOS, runtime.GOARCH} {
		w.buf = appendString(w.buf, s)
	}
	return w.chunk(chunkHeader)
}

// writeSymbols writes the symbols that events use and the file lacks.
func (w *Writer) writeSymbols(events []Event) error {
	w.buf = w.buf[:0]
	for i := range events {
		for _, pc := range events[i].pcs() {
			lately := &w.lately[pc*0x9E3779B97F4A7C15>>56]
			if pc == 0 || pc == *lately {
				continue // most events
			}
			*lately = pc
			if w.written[pc] || len(w.written) >= maxSymbols {
				continue
			}
			w.written[pc] = true
			sym := w.symbols.get(pc)
			w.buf = binary.AppendUvarint(w.buf, pc)
			w.buf = appendString(w.buf, sym.Func)
			w.buf = appendString(w.buf, sym.File)
			w.buf = binary.AppendUvarint(w.buf, uint64(max(0, sym.Line)))
		}
		if len(w.buf) >= chunkFilled {
			if err := w.chunk(chunkSymbols); err != nil {
				return err
			}
			w.buf = w.buf[:0]
		}
	}
	if len(w.buf) == 0 {
		return nil
	}
	return w.chunk(chunkSymbols)
}

// chunk writes buf as a chunk and empties it.
func (w *Writer) chunk(kind byte) error {
	w.out = append(w.out[:0], kind)
	w.out = binary.AppendUvarint(w.out, uint64(len(w.buf)))
	w.out = binary.LittleEndian.AppendUint32(w.out, checksum(kind, w.buf))
	w.out = append(w.out, w.buf...)
	w.buf = w.buf[:0]
	_, err := w.w.Write(w.out)
	return err
}

func checksum(kind byte, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte{kind}, castagnoli), castagnoli, payload)
}

func appendString(b []byte, s string) []byte {
	s = s[:min(len(s), maxString)]
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// noEvent is what the first event of a chunk is compared with.
var noEvent Event

const maxEvent = 2 + 10 + 1 + 5 + 3 + 4*10 // bytes

// appendEvent is written for speed: there is one look at b's capacity.
func appendEvent(b []byte, prev, e *Event) []byte {
	b = slices.Grow(b, maxEvent)
	out := (*[maxEvent]byte)(b[len(b) : len(b)+maxEvent])
	var mask byte
	n := put(out, 2, zigzag(e.Time-prev.Time))
	if e.Sub != 0 {
		mask |= hasSub
		out[n] = e.Sub
		n++
	}
	if e.M != prev.M {
		mask |= hasM
		n = put(out, n, zigzag(int64(e.M)))
	}
	if e.P != prev.P {
		mask |= hasP
		n = put(out, n, zigzag(int64(e.P)))
	}
	if e.G != prev.G {
		mask |= hasG
		n = put(out, n, e.G)
	}
	if e.A != 0 {
		mask |= hasA
		n = put(out, n, e.A)
	}
	if e.B != 0 {
		mask |= hasB
		n = put(out, n, e.B)
	}
	if e.C != 0 {
		mask |= hasC
		n = put(out, n, e.C)
	}
	out[0], out[1] = byte(e.Kind), mask
	return b[:len(b)+n]
}

// put writes v at n and returns where it ends.
func put(out *[maxEvent]byte, n int, v uint64) int {
	for v >= 0x80 {
		out[n] = byte(v) | 0x80
		v >>= 7
		n++
	}
	out[n] = byte(v)
	return n + 1
}

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

// The ways in which a recording can be unreadable. A [Reader] returns them in a
// [FormatError].
var (
	ErrNotRecording = errors.New("not a weft recording")
	ErrVersion      = errors.New("made by another version of weft")
	ErrCorrupt      = errors.New("corrupt")
	ErrCutShort     = errors.New("cut short: the program ended without closing it")
)

// FormatError says that a recording cannot be read any further.
type FormatError struct {
	Offset int64  // where the chunk starts that could not be read, in bytes
	Events uint64 // how many events were read before
	Err    error  // ErrNotRecording, ErrVersion, ErrCorrupt or ErrCutShort, or one that wraps it
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("trace: %v (at byte %d, after %d events)", e.Err, e.Offset, e.Events)
}

func (e *FormatError) Unwrap() error { return e.Err }
