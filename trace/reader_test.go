package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// someEvents returns n events of all kinds with all sorts of values.
func someEvents(n int) []Event {
	rng := rand.New(rand.NewSource(7))
	value := func() uint64 { return rng.Uint64() >> rng.Intn(65) }
	events := make([]Event, n)
	now := int64(0)
	for i := range events {
		now += rng.Int63n(5000)
		events[i] = Event{
			Time: now, Kind: Kind(1 + i%int(KindCount-1)), Sub: uint8(value()),
			G: value(), A: value(), B: value(), C: value(),
			M: int32(rng.Intn(5)) - 1, P: int16(rng.Intn(5)) - 1,
		}
	}
	return events
}

// fakeSymbol gives every program counter a name of its own.
func fakeSymbol(pc uint64) Symbol {
	return Symbol{fmt.Sprintf("example.org/fake.f%x", pc), "/src/fake/f.go", int(pc % 1000)}
}

// written returns events as a recording.
func written(t testing.TB, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, fakeSymbol)
	if err := w.WriteEvents(events); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkEvents(t *testing.T, got, want []Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d events, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("event %d:\ngot  %+v\nwant %+v", i, got[i], want[i])
		}
	}
}

func TestRecordingRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 29, 5000} {
		want := someEvents(n)
		r := NewReader(iotest.OneByteReader(bytes.NewReader(written(t, want))))
		got, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		checkEvents(t, got, want)
		for i := range got {
			for _, pc := range got[i].pcs() {
				if pc != 0 && r.Symbol(pc) != fakeSymbol(pc) {
					t.Fatalf("pc %#x is %+v", pc, r.Symbol(pc))
				}
			}
		}
		if h := r.Header(); h.Go != runtime.Version() || h.GOOS != runtime.GOOS || h.GOARCH != runtime.GOARCH || h.Start.IsZero() {
			t.Errorf("header %+v", h)
		}
	}
}

func TestRecorderToFileAndBack(t *testing.T) {
	var file bytes.Buffer
	rec := New(Options{Sinks: []Sink{NewWriter(&file, nil)}, Keep: true})
	rec.Start()
	pc, _, _, _ := runtime.Caller(0)
	for n := range uint64(3000) {
		rec.Ring(int(n%3)-1).Emit(KGoCreate, uint8(QLocal), 0, 1, n, uint64(pc), uint64(pc))
		if n%100 == 0 {
			rec.Flush()
		}
	}
	want := stopped(t, rec)
	r := NewReader(&file)
	got, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	checkEvents(t, got, want)
	if name := r.Symbol(uint64(pc)).Name(); name != "trace.TestRecorderToFileAndBack" {
		t.Errorf("pc is in %q", name)
	}
}

// Wherever a recording is cut, the events before the cut come back, and then
// the error that says so.
func TestCutRecordingGivesWhatItHas(t *testing.T) {
	want := someEvents(300)
	whole := written(t, want)
	last := 0
	for n := range len(whole) {
		r := NewReader(bytes.NewReader(whole[:n]))
		got, err := r.ReadAll()
		var fe *FormatError
		if !errors.As(err, &fe) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if n == 0 && !errors.Is(err, ErrNotRecording) || n > 0 && !errors.Is(err, ErrCutShort) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if fe.Events != uint64(len(got)) || fe.Offset > int64(n) {
			t.Fatalf("cut at %d, after %d events: %v", n, len(got), err)
		}
		if len(got) < last {
			t.Fatalf("cut at %d: %d events, with less of the file %d", n, len(got), last)
		}
		last = len(got)
		checkEvents(t, got, want[:len(got)])
		if _, again := r.Next(); again != err {
			t.Fatalf("cut at %d: then %v", n, again)
		}
	}
	if last != len(want) {
		t.Errorf("%d of %d events come back when only the end mark is cut", last, len(want))
	}
}

func TestDamagedRecordingIsRefused(t *testing.T) {
	want := someEvents(100)
	whole := written(t, want)
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		got, err := NewReader(bytes.NewReader(damaged)).ReadAll()
		var fe *FormatError
		if !errors.As(err, &fe) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		checkEvents(t, got, want[:len(got)])
	}
}

func TestUnreadableRecordingsSayWhy(t *testing.T) {
	ok := string(written(t, someEvents(3)))
	head := ok[:len(magic)+1]
	event := string(appendEvent(nil, &Event{}, &Event{Kind: KGoExit, G: 1}))
	for _, c := range []struct {
		name, data string
		err        error
		says       string
	}{
		{"empty", "", ErrNotRecording, "not a weft recording"},
		{"text", "hello, world\n", ErrNotRecording, "not a weft recording"},
		{"newer", magic + "\x07" + ok[len(head):], ErrVersion, "version 7"},
		{"unknown chunk", head + chunk('?', "x"), ErrCorrupt, "0x3f"},
		{"huge chunk", head + "E\xff\xff\xff\xff\xff\xff", ErrCorrupt, "claims"},
		{"half an event", head + chunk(chunkEvents, event+event[:2]), ErrCorrupt, "makes no sense"},
		{"wrong count", head + chunk(chunkEvents, event) + chunk(chunkEnd, "\x02"), ErrCorrupt, "end mark"},
		{"bad header", head + chunk(chunkHeader, "\x00\x7fgo"), ErrCorrupt, "corrupt"},
		{"bad symbols", head + chunk(chunkSymbols, "\x01\x02a"), ErrCorrupt, "corrupt"},
	} {
		_, err := NewReader(strings.NewReader(c.data)).ReadAll()
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v and %q", c.name, err, c.err, c.says)
		}
	}
}

// chunk returns a chunk with a good checksum.
func chunk(kind byte, payload string) string {
	b := binary.AppendUvarint([]byte{kind}, uint64(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, checksum(kind, []byte(payload)))
	return string(b) + payload
}

func TestFailingInputIsReportedAsItIs(t *testing.T) {
	whole := written(t, someEvents(50))
	failure := errors.New("disk on fire")
	for _, n := range []int{0, 4, 9, 11, 20, len(whole) - 3} {
		r := NewReader(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(failure)))
		if _, err := r.ReadAll(); !errors.Is(err, failure) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestFailingOutputIsReported(t *testing.T) {
	w := NewWriter(failingWriter{}, nil)
	if err := w.WriteEvents(someEvents(3)); !errors.Is(err, errBroken) {
		t.Errorf("WriteEvents returned %v", err)
	}
	if err := NewWriter(failingWriter{}, nil).Close(); !errors.Is(err, errBroken) {
		t.Errorf("Close returned %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestCopyToGivesEverythingBeforeTheDamage(t *testing.T) {
	want := someEvents(3000)
	whole := written(t, want)
	var all recording
	if err := NewReader(bytes.NewReader(whole)).CopyTo(&all); err != nil {
		t.Fatal(err)
	}
	checkEvents(t, all.all, want)
	var some recording
	err := NewReader(bytes.NewReader(whole[:len(whole)-1])).CopyTo(&some)
	if !errors.Is(err, ErrCutShort) {
		t.Errorf("got %v", err)
	}
	checkEvents(t, some.all, want)
}

func TestLongStringsAreCut(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, func(uint64) Symbol { return Symbol{Func: strings.Repeat("x", 1<<20)} })
	var events []Event
	for pc := range uint64(1000) {
		events = append(events, Event{Kind: KGoPark, B: pc + 1})
	}
	if err := errors.Join(w.WriteEvents(events), w.Close()); err != nil {
		t.Fatal(err)
	}
	r := NewReader(&b)
	if got, err := r.ReadAll(); err != nil || len(got) != len(events) {
		t.Fatalf("%d events, %v", len(got), err)
	}
	if n := len(r.Symbol(1).Func); n != maxString {
		t.Errorf("%d bytes", n)
	}
}

func FuzzReader(f *testing.F) {
	whole := written(f, someEvents(60))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Add([]byte(magic + "\x02"))
	head := string(whole[:len(magic)+1])
	f.Add([]byte(head + chunk(chunkEvents, "\x05\xff\x01\x02\x03\x04\x05\x06\x07\x08") + chunk(chunkEnd, "\x01")))
	f.Add([]byte(head + chunk(chunkSymbols, "\x80\x01\x01a\x01b\x03")))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		events, err := r.ReadAll()
		var fe *FormatError
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("untyped error %v", err)
		}
		if fe != nil && fe.Offset > int64(len(data)) {
			t.Fatalf("offset %d of %d", fe.Offset, len(data))
		}
		// What was read can be written, and read again; and every exporter
		// takes it.
		again, err := NewReader(bytes.NewReader(written(t, events))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		checkEvents(t, again, events)
		for _, s := range []Sink{
			NewText(io.Discard, TextOptions{Times: true, Symbol: r.Symbol}),
			NewPerfetto(io.Discard, PerfettoOptions{Ms: true, Symbol: r.Symbol}),
		} {
			if err := errors.Join(s.WriteEvents(events), s.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if err := Summarize(events, r.Symbol).WriteText(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}

// A fuzzer hardly ever gets a checksum right: this one makes it right.
func FuzzChunks(f *testing.F) {
	var b []byte
	var prev Event
	for _, e := range someEvents(40) {
		b = appendEvent(b, &prev, &e)
		prev = e
	}
	f.Add(byte(chunkEvents), b)
	f.Add(byte(chunkSymbols), []byte("\x80\x01\x01a\x01b\x03"))
	f.Add(byte(chunkHeader), []byte("\x80\x01\x01a\x01b\x01c"))
	f.Add(byte(chunkEnd), binary.AppendUvarint(nil, math.MaxUint64))
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		data := magic + string(rune(FormatVersion)) + chunk(kind, string(payload)) + chunk(chunkEnd, "\x00")
		r := NewReader(strings.NewReader(data))
		events, err := r.ReadAll()
		var fe *FormatError
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("untyped error %v", err)
		}
		again, err := NewReader(bytes.NewReader(written(t, events))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		checkEvents(t, again, events)
	})
}
