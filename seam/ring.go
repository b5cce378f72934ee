package seam

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/weftgo/weft/trace"
)

// The memory that a recorded process shares with the one that reads it. The
// other side is hooks/events.go.txt; both sides must agree on the layout.
//
//	header  states  slots  symbols  chunks
//
// It is a file without a name where the system has such, so nothing is left
// behind whatever ends the two processes, and what the program has written is
// there even if it was killed.
const (
	ringMagic     = 0x31676e6972666577
	ringVersion   = 1
	ringChunkHead = 64

	ringChunks    = 2048
	ringChunkSize = 64 << 10
	ringSlots     = 1 << 16
	ringSymbols   = 16 << 20

	ringPage       = 4096
	ringStatesOff  = ringPage
	ringSlotsOff   = ringStatesOff + 4*ringChunks
	ringSymbolsOff = ringSlotsOff + 8*ringSlots
	ringChunksOff  = (ringSymbolsOff + ringSymbols + ringPage - 1) &^ (ringPage - 1)
	ringSize       = ringChunksOff + ringChunks*ringChunkSize

	chunkFree  = 0
	chunkTaken = 1
	chunkGiven = 2
)

// ringHeader is weftHeader of the hooks.
type ringHeader struct {
	magic     uint64
	version   uint32
	claimed   uint32
	chunks    uint32
	chunkSize uint32
	statesOff uint64
	chunksOff uint64
	slotsOff  uint64
	slots     uint64
	symsOff   uint64
	symsSize  uint64
	symsUsed  uint64
	lost      uint64
	sequence  uint64
	start     int64
	symsLost  uint64
	goroot    [256]byte
}

var ringLayout = ringHeader{
	magic: ringMagic, version: ringVersion, chunks: ringChunks, chunkSize: ringChunkSize, slots: ringSlots,
	statesOff: ringStatesOff, slotsOff: ringSlotsOff, symsOff: ringSymbolsOff, symsSize: ringSymbols, chunksOff: ringChunksOff,
}

// ring is the shared memory, as its reader sees it.
type ring struct {
	file *os.File
	path string // by which the recorded process opens it
	mem  []byte
	head *ringHeader
}

// newRing makes the memory. close gives it back.
func newRing(goroot string) (*ring, error) {
	h := ringLayout
	copy(h.goroot[:len(h.goroot)-1], goroot+"/src/")
	file, path, err := ringFile()
	if err != nil {
		return nil, fmt.Errorf("memory to record into: %w", err)
	}
	r := &ring{file: file, path: path}
	if err = file.Truncate(ringSize); err == nil {
		r.mem, err = mapFile(file, ringSize, true)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("memory to record into: %w", err)
	}
	r.head = (*ringHeader)(unsafe.Pointer(&r.mem[0]))
	*r.head = h
	return r, nil
}

// openRing maps the file that a process has made by itself, because WEFT_TRACE
// named it. What is done to the memory does not change the file.
func openRing(name string) (*ring, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r := &ring{file: file}
	r.mem, err = mapFile(file, ringSize, false)
	if err != nil {
		r.close()
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || info.Size() != ringSize {
		r.close()
		return nil, fmt.Errorf("%s: not a recording of this version of weft", name)
	}
	r.head = (*ringHeader)(unsafe.Pointer(&r.mem[0]))
	if r.head.layout() != ringLayout.layout() {
		r.close()
		return nil, fmt.Errorf("%s: made by another version of weft", name)
	}
	return r, nil
}

// layout is what of a header says where things are.
func (h *ringHeader) layout() [10]uint64 {
	return [...]uint64{h.magic, uint64(h.version), uint64(h.chunks), uint64(h.chunkSize), h.slots,
		h.statesOff, h.slotsOff, h.symsOff, h.symsSize, h.chunksOff}
}

func (r *ring) close() {
	if r.mem != nil {
		unmap(r.mem)
	}
	r.file.Close()
	if r.path != "" {
		removeRing(r.path)
	}
}

func (r *ring) state(i int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[int(r.head.statesOff)+4*i]))
}

// chunk is the chunk i: its count, its M, its number in the order of taking.
func (r *ring) chunk(i int) (count *uint64, m int32, sequence uint64) {
	at := unsafe.Pointer(&r.mem[int(r.head.chunksOff)+i*int(r.head.chunkSize)])
	return (*uint64)(at), int32(*(*int64)(unsafe.Add(at, 8))), *(*uint64)(unsafe.Add(at, 16))
}

// events returns the events from to to of chunk i, which the writer has
// published. They are the reader's until it frees the chunk.
func (r *ring) events(i, from, to int) []trace.Event {
	at := unsafe.Pointer(&r.mem[int(r.head.chunksOff)+i*int(r.head.chunkSize)+ringChunkHead])
	return unsafe.Slice((*trace.Event)(at), (int(r.head.chunkSize)-ringChunkHead)/int(unsafe.Sizeof(trace.Event{})))[from:to]
}

// free gives chunk i, which its M has left, back to the writers. Its count is
// cleared first: whoever takes it publishes from 0.
func (r *ring) free(i int) {
	count, _, _ := r.chunk(i)
	atomic.StoreUint64(count, 0)
	atomic.StoreUint32(r.state(i), chunkFree)
}

// started reports whether a process has found the memory and writes to it.
func (r *ring) started() bool { return atomic.LoadUint32(&r.head.claimed) != 0 }
