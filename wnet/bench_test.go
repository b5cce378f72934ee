package wnet

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/weftgo/weft/sched"
)

// Each benchmark has package net beside weft's coroutines, and weft's package
// used by goroutines. Compare within one run only.

type setting struct {
	name   string
	listen func(network, address string) (net.Listener, error)
	dial   func(network, address string) (net.Conn, error)
	run    func(b *testing.B, f func(spawn func(func())))
}

var settings = []setting{
	{"net", net.Listen, net.Dial, onGoroutines},
	{"weft-1P", Listen, Dial, onCoroutines(1)},
	{"weft-2P", Listen, Dial, onCoroutines(2)},
	{"weft-goroutines", Listen, Dial, onGoroutines},
}

func onGoroutines(_ *testing.B, f func(spawn func(func()))) { f(func(fn func()) { go fn() }) }

func onCoroutines(procs int) func(b *testing.B, f func(spawn func(func()))) {
	return func(b *testing.B, f func(spawn func(func()))) {
		err := sched.Run(func() { f(func(fn func()) { sched.Go(fn) }) }, sched.Options{Procs: procs})
		if err != nil {
			b.Error(err)
		}
	}
}

func (s setting) pair(b *testing.B) (c1, c2 net.Conn) {
	l, err := s.listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if c1, err = s.dial("tcp", l.Addr().String()); err == nil {
		c2, err = l.Accept()
	}
	if err != nil {
		b.Fatal(err)
	}
	return c1, c2
}

func BenchmarkPingPong(b *testing.B) {
	for _, s := range settings {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			s.run(b, func(spawn func(func())) {
				c1, c2 := s.pair(b)
				defer c1.Close()
				defer c2.Close()
				spawn(func() { echo(c2, make([]byte, 512)) })
				msg, buf := make([]byte, 64), make([]byte, 512)
				b.ResetTimer()
				for range b.N {
					c1.Write(msg)
					if _, err := c1.Read(buf); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkPingPongs has 64 connections at work at once.
func BenchmarkPingPongs(b *testing.B) {
	for _, s := range settings {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			s.run(b, func(spawn func(func())) {
				const conns = 64
				done := make(chan bool, conns)
				var ends []net.Conn
				for range conns {
					c1, c2 := s.pair(b)
					spawn(func() { echo(c2, make([]byte, 512)) })
					ends = append(ends, c1)
				}
				b.ResetTimer()
				for _, c := range ends {
					spawn(func() {
						msg, buf := make([]byte, 64), make([]byte, 512)
						for range b.N / conns {
							c.Write(msg)
							c.Read(buf)
						}
						c.Close()
						done <- true
					})
				}
				sched.Block(func() {
					for range ends {
						<-done
					}
				})
			})
		})
	}
}

func echo(c net.Conn, buf []byte) {
	defer c.Close()
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		c.Write(buf[:n])
	}
}

// BenchmarkReadReady reads what is there already: the path without a park.
func BenchmarkReadReady(b *testing.B) {
	for _, s := range settings {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			s.run(b, func(func(func())) {
				c1, c2 := s.pair(b)
				defer c1.Close()
				defer c2.Close()
				buf, chunk := make([]byte, 1), make([]byte, 16<<10)
				b.ResetTimer()
				for i := range b.N {
					if i%len(chunk) == 0 {
						c1.Write(chunk)
					}
					if _, err := io.ReadFull(c2, buf); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkSetReadDeadline sets a deadline that nobody waits for, a little
// later each time, as a server does before each read.
func BenchmarkSetReadDeadline(b *testing.B) {
	for _, s := range settings {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			s.run(b, func(func(func())) {
				c1, c2 := s.pair(b)
				defer c1.Close()
				defer c2.Close()
				t := time.Now().Add(time.Minute)
				b.ResetTimer()
				for i := range b.N {
					c1.SetReadDeadline(t.Add(time.Duration(i)))
				}
			})
		})
	}
}

// BenchmarkReadReadyWithDeadline is BenchmarkReadReady with SetReadDeadline
// before each read: the difference is what a deadline costs in all.
func BenchmarkReadReadyWithDeadline(b *testing.B) {
	for _, s := range settings {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			s.run(b, func(func(func())) {
				c1, c2 := s.pair(b)
				defer c1.Close()
				defer c2.Close()
				t := time.Now().Add(time.Minute)
				buf, chunk := make([]byte, 1), make([]byte, 16<<10)
				b.ResetTimer()
				for i := range b.N {
					if i%len(chunk) == 0 {
						c1.Write(chunk)
					}
					c2.SetReadDeadline(t.Add(time.Duration(i)))
					if _, err := c2.Read(buf); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
