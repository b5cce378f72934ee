package wsync

import "testing"

func BenchmarkSelectReady(b *testing.B) {
	b.Run("weft", func(b *testing.B) {
		benchIn(b, coroutine, func() {
			c, never := NewChan[int](1), NewChan[int](0)
			cases := []Case{OnRecv(never, nil), OnRecv(c, nil)}
			for i := range b.N {
				c.Send(i)
				Select(cases...)
			}
		})
	})
	b.Run("go", func(b *testing.B) {
		benchIn(b, goroutine, func() {
			c, never := make(chan int, 1), make(chan int)
			for i := range b.N {
				c <- i
				select {
				case <-never:
				case <-c:
				}
			}
		})
	})
}

func BenchmarkSelectDefault(b *testing.B) {
	b.Run("weft", func(b *testing.B) {
		benchIn(b, coroutine, func() {
			c := NewChan[int](0)
			for range b.N {
				Select(OnRecv(c, nil), Default(nil))
			}
		})
	})
	b.Run("go", func(b *testing.B) {
		benchIn(b, goroutine, func() {
			c := make(chan int)
			for range b.N {
				select {
				case <-c:
				default:
				}
			}
		})
	})
}

func BenchmarkSelectPark(b *testing.B) {
	b.Run("weft", func(b *testing.B) {
		benchIn(b, coroutine, func() {
			ping, pong, quit := NewChan[int](0), NewChan[int](0), NewChan[int](0)
			coroutine(func() {
				cases := []Case{OnRecv(quit, nil), OnRecv(ping, nil)}
				for Select(cases...) == 1 {
					pong.Send(1)
				}
			})
			cases := []Case{OnRecv(quit, nil), OnRecv(pong, nil)}
			for i := range b.N {
				ping.Send(i)
				Select(cases...)
			}
			quit.Close()
		})
	})
	b.Run("go", func(b *testing.B) {
		benchIn(b, goroutine, func() {
			ping, pong, quit := make(chan int), make(chan int), make(chan int)
			go func() {
				for {
					select {
					case <-quit:
						return
					case <-ping:
						pong <- 1
					}
				}
			}()
			for i := range b.N {
				ping <- i
				select {
				case <-quit:
				case <-pong:
				}
			}
			close(quit)
		})
	})
}
