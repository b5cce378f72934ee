package wsync

import "testing"

func BenchmarkChanRoundTrip(b *testing.B) {
	weft := func(spawn func(func())) func(*testing.B) {
		return func(b *testing.B) {
			benchIn(b, spawn, func() {
				ping, pong := NewChan[int](0), NewChan[int](0)
				spawn(func() {
					for v := range ping.All() {
						pong.Send(v)
					}
				})
				for i := range b.N {
					ping.Send(i)
					pong.Recv()
				}
				ping.Close()
			})
		}
	}
	b.Run("weft", weft(coroutine))
	b.Run("weft-goroutines", weft(goroutine))
	b.Run("go", func(b *testing.B) {
		benchIn(b, goroutine, func() {
			ping, pong := make(chan int), make(chan int)
			go func() {
				for v := range ping {
					pong <- v
				}
			}()
			for i := range b.N {
				ping <- i
				<-pong
			}
			close(ping)
		})
	})
}

func BenchmarkChanBuffered(b *testing.B) {
	b.Run("weft", func(b *testing.B) {
		benchIn(b, coroutine, func() {
			c := NewChan[int](1)
			for i := range b.N {
				c.Send(i)
				c.Recv()
			}
		})
	})
	b.Run("go", func(b *testing.B) {
		benchIn(b, goroutine, func() {
			c := make(chan int, 1)
			for i := range b.N {
				c <- i
				<-c
			}
		})
	})
}
