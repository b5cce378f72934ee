package poll

import (
	"fmt"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What could io_uring save? BenchmarkServe answers requests on many connections
// by one thread, in each way that there is, and reports that thread's CPU time a
// request. Nothing of weft is in it but the pollers, so this is the most that a
// way can gain:
//
//	epoll       wait, recv, send. A short read is trusted to have emptied the socket
//	epoll-late  the same, but first all receives of a batch of events, then all sends
//	sends       epoll and recv; the sends of a batch are requests that never wait, made by
//	            one system call and over when it returns: no request outlives it or
//	            belongs to a thread
//	poll        epoll with uring's multishot polls in its place
//	poll-eager  and recv once more, as the Poller can't exclude urgent data (uring_linux.go)
//	recv        no recv: the kernel puts what comes into buffers that it was given
//	            (multishot receive)
//	both        sends are requests, too: one system call a batch. Nobody hears of
//	            those that succeed
//	both-one    both, with the set-up flags that need one thread for all requests, which
//	            a scheduler whose workers change threads can't promise
//
// And as blocking code, a coroutine (iter.Pull) for each connection, which is what
// a net.Conn is for:
//
//	co-epoll    epoll; a read parks
//	co-both     both; a read parks and so does a write, until its result has come
//	co-both-one the same with the flags of both-one
func BenchmarkServe(b *testing.B) {
	const one = setupSingleIssuer | setupDeferTaskrun
	for _, load := range []struct{ conns, inFlight int }{{200, 50}, {1000, 50}, {1000, 1000}} {
		for _, way := range []struct {
			name string
			loop func(*benchServer) error
		}{
			{"epoll", func(s *benchServer) error { return s.readiness(newEpoll, false) }},
			{"epoll-late", func(s *benchServer) error { s.late = true; return s.readiness(newEpoll, false) }},
			{"sends", func(s *benchServer) error { return s.batchedSends() }},
			{"poll", func(s *benchServer) error { return s.readiness(newUring, false) }},
			{"poll-eager", func(s *benchServer) error { return s.readiness(newUring, true) }},
			{"recv", func(s *benchServer) error { return s.completion(0, false) }},
			{"both", func(s *benchServer) error { return s.completion(0, true) }},
			{"both-one", func(s *benchServer) error { return s.completion(one, true) }},
			{"co-epoll", func(s *benchServer) error { s.parking(); return s.readiness(newEpoll, false) }},
			{"co-both", func(s *benchServer) error { s.parking(); return s.completion(0, true) }},
			{"co-both-one", func(s *benchServer) error { s.parking(); return s.completion(one, true) }},
		} {
			b.Run(fmt.Sprintf("%s/%d/%d", way.name, load.conns, load.inFlight), func(b *testing.B) {
				benchServe(b, load.conns, load.inFlight, way.loop)
			})
		}
	}
}

const (
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13

	opSend            = 26
	opRecv            = 27
	recvMultishot     = 1 << 1 // in ioprio
	sqeBufferSelect   = 1 << 5
	sqeSkipSuccess    = 1 << 6
	registerBuffers   = 22
	benchRequestSize  = 64
	benchResponseSize = 128
)

type benchServer struct {
	fds    []int // of the server, non-blocking
	todo   atomic.Int64
	answer [benchResponseSize]byte
	inbuf  [4096]byte

	late  bool  // send after all receives of a batch
	owing []int // to whom

	batch func(fd int) // sends with the next flush, after a batch of events; nil: at once
	flush func()

	conns []func() (struct{}, bool) // if they are served by coroutines: each goes on
	push  func(fd int)              // requests a send; nil: they send by themselves
	got   []byte                    // what has come for the coroutine that goes on
}

// parking gives each connection a coroutine.
func (s *benchServer) parking() {
	for _, fd := range s.fds {
		next, _ := iter.Pull(func(park func(struct{}) bool) {
			for park(struct{}{}) {
				if s.push == nil {
					s.serve(fd, false)
					continue
				}
				copy(s.inbuf[:], s.got) // into the caller's buffer
				s.push(fd)
				park(struct{}{}) // until the result has come
			}
		})
		next()
		s.conns = append(s.conns, next)
	}
}

// benchServe is the client, too: one thread that keeps inFlight requests under
// way, on all connections in turn.
func benchServe(b *testing.B, conns, inFlight int, loop func(*benchServer) error) {
	s := &benchServer{}
	clients := s.connect(b, conns)
	s.todo.Store(int64(b.N))
	type result struct {
		user, sys int64
		err       error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		user, sys := threadCPU()
		err := loop(s)
		user2, sys2 := threadCPU()
		done <- result{user2 - user, sys2 - sys, err}
	}()
	request, response := make([]byte, benchRequestSize), make([]byte, benchResponseSize)
	b.ResetTimer()
	for i := range b.N + inFlight {
		if i >= inFlight {
			if n, err := unix.Read(clients[(i-inFlight)%conns], response); n != len(response) {
				b.Fatal(n, err)
			}
		}
		if i < b.N {
			if _, err := unix.Write(clients[i%conns], request); err != nil {
				b.Fatal(err)
			}
		}
	}
	r := <-done
	if r.err != nil {
		b.Skip(r.err)
	}
	b.ReportMetric(float64(r.user)/float64(b.N), "user-ns/req")
	b.ReportMetric(float64(r.user+r.sys)/float64(b.N), "cpu-ns/req")
}

func threadCPU() (user, sys int64) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano(), u.Stime.Nano()
}

// connect makes the connections and returns the clients' ends.
func (s *benchServer) connect(b *testing.B, conns int) (clients []int) {
	b.Helper()
	try := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	try(err)
	defer unix.Close(l)
	try(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	try(unix.Listen(l, 16))
	addr, err := unix.Getsockname(l)
	try(err)
	for range conns {
		c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		try(err)
		try(unix.Connect(c, addr))
		fd, _, err := unix.Accept4(l, unix.SOCK_NONBLOCK)
		try(err)
		for _, x := range []int{c, fd} {
			try(unix.SetsockoptInt(x, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
			b.Cleanup(func() { unix.Close(x) })
		}
		clients, s.fds = append(clients, c), append(s.fds, fd)
	}
	return clients
}

// readiness serves by a Poller.
func (s *benchServer) readiness(open func() (Poller, error), eager bool) error {
	p, err := open()
	if err != nil {
		return err
	}
	defer p.Close()
	for i, fd := range s.fds {
		if err := p.Add(fd, Key(i)); err != nil {
			return err
		}
	}
	events := make([]Event, 128)
	for s.todo.Load() > 0 {
		n, err := p.Wait(events, -1)
		if err != nil {
			return err
		}
		for _, ev := range events[:n] {
			switch {
			case ev.Ready&Readable == 0:
			case s.conns != nil:
				s.conns[ev.Key]()
			default:
				s.serve(s.fds[ev.Key], eager)
			}
		}
		for ; len(s.owing) > 0; s.owing = s.owing[1:] {
			s.send(s.owing[0])
		}
		if s.flush != nil {
			s.flush()
		}
	}
	return nil
}

func (s *benchServer) serve(fd int, eager bool) {
	for again := true; again; again = eager {
		in := unsafe.Pointer(&s.inbuf)
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(in), uintptr(len(s.inbuf)), 0, 0, 0)
		if errno != 0 || n == 0 {
			return
		}
		s.reply(fd)
	}
}

func (s *benchServer) reply(fd int) {
	switch {
	case s.late:
		s.owing = append(s.owing, fd)
	case s.batch != nil:
		s.batch(fd)
	default:
		s.send(fd)
	}
}

func (s *benchServer) send(fd int) {
	out := unsafe.Pointer(&s.answer)
	unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(out), uintptr(len(s.answer)), unix.MSG_NOSIGNAL, 0, 0)
	s.todo.Add(-1)
}

// batchedSends serves by epoll, and sends after all receives of a batch, by one
// system call.
func (s *benchServer) batchedSends() error {
	r, err := newRing(1024, 4096, 0)
	if err != nil {
		return err
	}
	defer r.close()
	pushed := uintptr(0)
	s.batch = func(fd int) {
		r.push(&sqe{
			opcode: opSend, flags: sqeSkipSuccess, fd: int32(fd), opFlags: unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT,
			addr: uint64(uintptr(unsafe.Pointer(&s.answer))), len: benchResponseSize,
		})
		pushed++
		s.todo.Add(-1)
	}
	s.flush = func() {
		if pushed > 0 {
			unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), pushed, 0, 0, 0, 0)
			pushed = 0
		}
	}
	return s.readiness(newEpoll, false)
}

// isSend marks the userData of a send.
const isSend = 1 << 32

// completion serves by requests to receive and, if sends, to send.
func (s *benchServer) completion(flags uint32, sends bool) error {
	r, err := newRing(1024, 4096, flags)
	if err != nil {
		return err
	}
	defer r.close()
	bufs, err := newBenchBuffers(r, 1024)
	if err != nil {
		return err
	}
	pushed := 0
	recv := func(i uint64) {
		r.push(&sqe{
			opcode: opRecv, ioprio: recvMultishot, flags: sqeBufferSelect, fd: int32(s.fds[i]), userData: i,
		})
		pushed++
	}
	send := func(fd int, flags uint8, userData uint64) {
		r.push(&sqe{
			opcode: opSend, flags: flags, fd: int32(fd), opFlags: unix.MSG_NOSIGNAL,
			addr: uint64(uintptr(unsafe.Pointer(&s.answer))), len: benchResponseSize, userData: userData,
		})
		pushed++
		s.todo.Add(-1)
	}
	current := uint64(0) // connection
	if s.conns != nil {
		s.push = func(fd int) { send(fd, 0, current|isSend) }
	}
	for i := range s.fds {
		recv(uint64(i))
	}
	for s.todo.Load() > 0 {
		_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(pushed), 1, enterGetEvents, 0, 0)
		if errno != 0 && errno != unix.EINTR {
			return errno
		}
		pushed = 0
		var res cqe
		for pushed < 1000 && r.reap(&res) {
			i := res.userData &^ isSend
			switch {
			case res.userData&isSend != 0:
				s.conns[i]()
				continue
			case res.res <= 0:
			case s.conns != nil:
				s.got = bufs.take(res.flags >> 16)[:res.res]
				current = i
				s.conns[i]()
			default:
				copy(s.inbuf[:], bufs.take(res.flags >> 16)[:res.res]) // into the caller's buffer
				if sends {
					send(s.fds[i], sqeSkipSuccess, i)
				} else {
					s.reply(s.fds[i])
				}
			}
			if res.flags&cqeMore == 0 && s.todo.Load() > 0 {
				recv(i)
			}
		}
	}
	unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(pushed), 0, 0, 0, 0)
	return nil
}

// benchBuffers are those that the kernel fills.
type benchBuffers struct {
	ring []benchBuffer // shared with the kernel; the first one's tail is the ring's
	data []byte
	tail uint16
}

type benchBuffer struct {
	addr uint64
	len  uint32
	id   uint16
	tail uint16
}

const benchBufferSize = 512

func newBenchBuffers(r *ring, count int) (*benchBuffers, error) {
	const prot, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_ANON | unix.MAP_PRIVATE
	mem, err := unix.Mmap(-1, 0, count*int(unsafe.Sizeof(benchBuffer{})), prot, flags)
	if err != nil {
		return nil, err
	}
	data, err := unix.Mmap(-1, 0, count*benchBufferSize, prot, flags)
	if err != nil {
		return nil, err
	}
	bb := &benchBuffers{ring: unsafe.Slice((*benchBuffer)(unsafe.Pointer(&mem[0])), count), data: data}
	reg := struct {
		addr    uint64
		entries uint32
		group   uint16
		flags   uint16
		_       [3]uint64
	}{addr: uint64(uintptr(unsafe.Pointer(&mem[0]))), entries: uint32(count)}
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), registerBuffers, uintptr(unsafe.Pointer(&reg)), 1, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	for id := range count {
		bb.give(uint32(id))
	}
	return bb, nil
}

// take returns a buffer that has been filled, and gives it to the kernel again:
// the caller copies it at once, and this thread is the one that would fill it.
func (bb *benchBuffers) take(id uint32) []byte {
	bb.give(id)
	return bb.data[id*benchBufferSize:][:benchBufferSize]
}

func (bb *benchBuffers) give(id uint32) {
	e := &bb.ring[int(bb.tail)%len(bb.ring)]
	e.addr, e.len, e.id = uint64(uintptr(unsafe.Pointer(&bb.data[id*benchBufferSize]))), benchBufferSize, uint16(id)
	bb.tail++
	tail := (*uint32)(unsafe.Pointer(&bb.ring[0].id)) // id and tail in one word: there is no atomic uint16
	atomic.StoreUint32(tail, uint32(bb.tail)<<16|uint32(bb.ring[0].id))
}
