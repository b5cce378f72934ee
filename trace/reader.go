package trace

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Reader reads a recording made by a [Writer]. It needs memory for one chunk
// and for the symbols, whatever the input says.
//
// Only whole chunks whose checksum is right are read, and none after one that is
// damaged: its events would be shown as if nothing were missing between.
type Reader struct {
	in      *bufio.Reader
	offset  int64 // of what is read next from in
	chunkAt int64 // where the current chunk starts
	rest    []byte
	prev    Event
	begun   bool
	count   uint64
	header  Header
	symbols map[uint64]Symbol
	strings int    // how many bytes the strings of symbols have
	buf     []byte // the current chunk's payload
	err     error  // what every later Next returns
}

// NewReader returns a Reader of the recording in r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReader(r), symbols: make(map[uint64]Symbol)}
}

// Header returns the recording's header, which is known after the first call of
// Next.
func (r *Reader) Header() Header { return r.header }

// Symbol says what a program counter stands for in the recorded process. It
// knows those in the events that Next has returned.
func (r *Reader) Symbol(pc uint64) Symbol { return r.symbols[pc] }

// Next returns the next event. After the last of a whole recording it returns
// io.EOF; when the recording cannot be read any further, a [*FormatError], having
// returned every event before the damage; when reading itself fails, that error.
func (r *Reader) Next() (Event, error) {
	for r.err == nil && len(r.rest) == 0 {
		r.err = r.next()
	}
	if r.err != nil {
		return Event{}, r.err
	}
	e, rest, err := decodeEvent(r.rest, &r.prev)
	if err != nil {
		r.err, r.rest = r.bad(err), nil
		return Event{}, r.err
	}
	r.rest, r.prev = rest, e
	r.count++
	return e, nil
}

// ReadAll returns all events that are left. If they are not all there, it
// returns those that are, and the error that Next would.
func (r *Reader) ReadAll() ([]Event, error) {
	var all []Event
	for {
		e, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

// CopyTo gives all events that are left to s, without closing it. If they are
// not all there, it gives those that are, and returns the error that Next would.
func (r *Reader) CopyTo(s Sink) error {
	batch := make([]Event, 0, batchEvents)
	for {
		e, err := r.Next()
		if err == nil {
			batch = append(batch, e)
		}
		if len(batch) > 0 && (err != nil || len(batch) == cap(batch)) {
			if err := s.WriteEvents(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *Reader) bad(err error) error {
	return &FormatError{Offset: r.chunkAt, Events: r.count, Err: err}
}

// next reads one chunk. Events are left in rest.
func (r *Reader) next() error {
	r.chunkAt = r.offset
	if !r.begun {
		r.begun = true
		return r.readMagic()
	}
	kind, payload, err := r.readChunk()
	if err != nil {
		return err
	}
	switch kind {
	case chunkEvents:
		r.rest, r.prev = payload, Event{}
		return nil
	case chunkEnd:
		return r.readEnd(payload)
	case chunkHeader:
		return r.readHeader(payload)
	case chunkSymbols:
		return r.readSymbols(payload)
	}
	return r.bad(fmt.Errorf("%w: no chunk of a recording begins with byte %#x", ErrCorrupt, kind))
}

func (r *Reader) readMagic() error {
	var b [len(magic) + 1]byte
	n, err := io.ReadFull(r.in, b[:])
	r.offset += int64(n)
	switch {
	case err != nil && err != io.EOF && err != io.ErrUnexpectedEOF:
		return err
	case string(b[:min(n, len(magic))]) != magic[:min(n, len(magic))], n == 0:
		return r.bad(ErrNotRecording)
	case n < len(b):
		return r.bad(ErrCutShort)
	case b[len(magic)] != FormatVersion:
		return r.bad(fmt.Errorf("%w: its format is version %d, this one reads version %d",
			ErrVersion, b[len(magic)], FormatVersion))
	}
	return nil
}

// readChunk reads a chunk and checks its sum.
func (r *Reader) readChunk() (kind byte, payload []byte, err error) {
	kind, err = r.in.ReadByte()
	if err != nil {
		return 0, nil, r.inputError(err)
	}
	length, n, err := r.readLength()
	if err != nil {
		return 0, nil, err
	}
	var crc [4]byte
	if _, err := io.ReadFull(r.in, crc[:]); err != nil {
		return 0, nil, r.inputError(err)
	}
	if cap(r.buf) < length {
		r.buf = make([]byte, length)
	}
	got, err := io.ReadFull(r.in, r.buf[:length])
	payload = r.buf[:got]
	r.offset += int64(1 + n + len(crc) + got)
	switch {
	case err != nil:
		return 0, nil, r.inputError(err)
	case checksum(kind, payload) != binary.LittleEndian.Uint32(crc[:]):
		return 0, nil, r.bad(fmt.Errorf("%w: a chunk does not match its checksum", ErrCorrupt))
	}
	return kind, payload, nil
}

// readLength reads the length of a payload. It returns how many bytes it took.
func (r *Reader) readLength() (length, n int, err error) {
	for shift := 0; shift < 28; shift += 7 {
		c, err := r.in.ReadByte()
		if err != nil {
			return 0, 0, r.inputError(err)
		}
		n++
		length |= int(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	if length > maxPayload {
		return 0, 0, r.bad(fmt.Errorf("%w: a chunk claims %d bytes", ErrCorrupt, length))
	}
	return length, n, nil
}

// inputError tells the end of the input from a failure to read it.
func (r *Reader) inputError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.bad(ErrCutShort)
	}
	return err
}

func (r *Reader) readEnd(payload []byte) error {
	d := decoder{b: payload}
	if n := d.uvarint(); d.failed || n != r.count {
		return r.bad(fmt.Errorf("%w: its end mark counts other events than it has", ErrCorrupt))
	}
	return io.EOF
}

func (r *Reader) readHeader(payload []byte) error {
	d := decoder{b: payload}
	h := Header{Start: time.Unix(0, d.varint()), Go: d.string(), GOOS: d.string(), GOARCH: d.string()}
	if d.failed {
		return r.bad(ErrCorrupt)
	}
	r.header = h
	return nil
}

func (r *Reader) readSymbols(payload []byte) error {
	for d := (decoder{b: payload}); len(d.b) > 0; {
		pc := d.uvarint()
		sym := Symbol{d.string(), d.string(), int(d.uvarint())}
		if d.failed {
			return r.bad(ErrCorrupt)
		}
		r.strings += len(sym.Func) + len(sym.File)
		if len(r.symbols) < maxSymbols && r.strings < maxSymbolBytes {
			r.symbols[pc] = sym
		}
	}
	return nil
}

// decodeEvent decodes the event at the head of b.
func decodeEvent(b []byte, prev *Event) (Event, []byte, error) {
	d := decoder{b: b}
	e := Event{Kind: Kind(d.byte())}
	mask := d.byte()
	e.Time, e.M, e.P, e.G = prev.Time+d.varint(), prev.M, prev.P, prev.G
	if mask&hasSub != 0 {
		e.Sub = d.byte()
	}
	if mask&hasM != 0 {
		e.M = int32(d.varint())
	}
	if mask&hasP != 0 {
		e.P = int16(d.varint())
	}
	if mask&hasG != 0 {
		e.G = d.uvarint()
	}
	for i, v := range [...]*uint64{&e.A, &e.B, &e.C} {
		if mask&(hasA<<i) != 0 {
			*v = d.uvarint()
		}
	}
	if d.failed {
		return Event{}, nil, fmt.Errorf("%w: an event makes no sense", ErrCorrupt)
	}
	return e, d.b, nil
}

// decoder takes values from b. When one is not there it fails, and every value
// from then on is zero.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) fail() {
	d.b, d.failed = nil, true
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > maxString || n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}
