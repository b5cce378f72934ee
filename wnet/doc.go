// Package wnet is package net for coroutines: Listen, Dial and connections with
// net's names, semantics and errors. A call that has to wait parks the calling
// coroutine; called from an ordinary goroutine it blocks that goroutine. The
// results are net.Listeners and net.Conns, so everything that takes one of
// those works with them: crypto/tls, bufio, net/http, fasthttp.
//
// A descriptor belongs to the runtime of the coroutine that opened it (to the
// default runtime if a goroutine did), which watches it. When that runtime has
// ended, calls fail with an error that is sched.ErrRuntimeEnded; Close still
// closes. Unlike net's, a connection that is dropped without Close stays open.
//
// How a read travels: (*netFD).Read (fd.go) parks in sched (netpoll.go,
// waiter.go, proc.go); a worker without work (find.go) asks the poller
// (netpoll.go, and package poll), and runs the coroutine again.
//
// TCP, UDP and Unix sockets are here. Two ways to serve: Listen, and a coroutine
// for each connection, as with package net; or a Server, which starts one for each
// message (server.go, session.go), so that a connection between messages holds no
// stack. Protocols for the latter are in package adapt's directories.
package wnet
