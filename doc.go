// Package weft makes the scheduling of a Go program yours: a coroutine runtime
// with Gs, Ms and Ps of its own, network pollers and blocking primitives.
//
//	func main() {
//		weft.Main(func() {
//			ln, err := wnet.Listen("tcp", "127.0.0.1:7000")
//			if err != nil {
//				log.Fatal(err)
//			}
//			for {
//				conn, err := ln.Accept() // parks this coroutine
//				if err != nil {
//					log.Fatal(err)
//				}
//				weft.Go(func() { io.Copy(conn, conn); conn.Close() })
//			}
//		})
//	}
//
// A coroutine is written like a goroutine: plain blocking code with a stack of
// its own. The difference is who schedules it. weft's scheduler is an ordinary
// package ([sched]), so that one can see every decision it makes ([Trace]),
// choose them ([Procs], [IO], [SharedQueue]) and repeat them ([Seed]).
//
// The blocking primitives stand in packages of their own, with the names of the
// standard library's: wsync (Chan, Select, Mutex, WaitGroup, ...), wtime (Sleep,
// Timer, Ticker) and wnet (Listen, Dial). All of them also work in ordinary
// goroutines, and between those and coroutines.
//
// # How one read travels
//
// A coroutine calls Read on a connection that has nothing to read yet:
//
//  1. wnet's Conn.Read takes the read lock of the descriptor and, unless the last
//     read has emptied it, tries the system call, which says EAGAIN
//     (wnet/tcp.go, wnet/fd.go).
//  2. It calls PollDesc.Wait, which publishes the coroutine's Waiter with a
//     ticket in the descriptor's reading side (sched/netpoll.go).
//  3. Waiter.Park moves the M from user to runtime mode and switches to g0, the
//     M's own stack (sched/waiter.go, sched/proc.go).
//  4. On g0 the park is committed: from here on anybody may resume the
//     coroutine. g0 runs the next one (park0, schedule).
//  5. When no coroutine can run, the M gives its P back and sleeps in the poller
//     (sched/idle.go, poll/epoll_linux.go).
//  6. Bytes arrive. The poller reports the descriptor's key; netpoll finds the
//     waiter, ends its wait with the ticket, and queues the coroutine.
//  7. The M takes a P again and switches to the coroutine. Park returns, the
//     system call is tried again, and Read returns its bytes.
//
// # What to keep in mind
//
// A native blocking call in a coroutine (a sync.Mutex, a Go channel, a database
// driver) delays that coroutine and, for about 10 ms, those queued behind it on
// the same P; then the monitor gives the P to another worker. [Block] does so at
// once. No native call can deadlock the runtime.
//
// A coroutine must not stay locked to a thread (runtime.LockOSThread) across a
// park: the Go runtime ends the process.
//
// Nothing preempts a coroutine. One that computes for long keeps its core, not
// its P.
package weft
