// Record makes the recordings that the tests of the page open, each of a real
// run:
//
//	go run ./cmd/weft/internal/record NAME FILE
package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/sched"
	"github.com/weftgo/weft/trace"
	"github.com/weftgo/weft/wnet"
	"github.com/weftgo/weft/wsync"
)

// programs are what can be recorded, by name, and how it is run.
var programs = map[string]struct {
	main func()
	how  weft.Option
}{
	"tour":     {tour, weft.Procs(2)},
	"million":  {million, weft.Procs(4)},
	"huge":     {million, weft.Procs(4)},
	"deadlock": {deadlock, weft.Procs(1)},
	"passing":  {account, weft.Seed(1)},
	"failing":  {account, weft.Seed(7)},
}

func main() {
	if len(os.Args) != 3 || programs[os.Args[1]].main == nil {
		names := strings.Join(slices.Sorted(maps.Keys(programs)), ", ")
		fmt.Fprintf(os.Stderr, "usage: record NAME FILE; NAME is one of %s\n", names)
		os.Exit(1)
	}
	if err := record(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(name, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	var sink trace.Sink = trace.NewWriter(f, nil)
	if name == "huge" {
		sink = &repeated{Sink: sink, f: f}
	}
	rec := trace.New(trace.Options{RingEvents: 1 << 20, Sinks: []trace.Sink{sink}})
	err = weft.Run(programs[name].main, programs[name].how, weft.Trace(rec))
	if err != nil && name != "deadlock" {
		return err
	}
	if err := rec.Stop(); err != nil {
		return err
	}
	return f.Close()
}

// hugeBytes is how long the recording "huge" becomes.
const hugeBytes = 500 << 20

// repeated writes the same run again and again, one after the other, until the recording is huge.
type repeated struct {
	trace.Sink
	f   *os.File
	all []trace.Event
}

func (r *repeated) WriteEvents(events []trace.Event) error {
	r.all = append(r.all, events...)
	return nil
}

func (r *repeated) Close() error {
	took := r.all[len(r.all)-1].Time + 1
	for {
		if err := r.Sink.WriteEvents(r.all); err != nil {
			return err
		}
		if st, err := r.f.Stat(); err != nil || st.Size() >= hugeBytes {
			return errors.Join(err, r.Sink.Close())
		}
		for i := range r.all {
			r.all[i].Time += took
		}
	}
}

// tour has a little of everything: channels, a mutex, sleeps, the network, a
// native call, a queue that overflows, forks.
func tour() {
	var wg wsync.WaitGroup
	start := func(f func()) {
		wg.Add(1)
		weft.Go(func() { defer wg.Done(); f() })
	}
	jobs := wsync.NewChan[int](0)
	var mu wsync.Mutex
	for range 4 {
		start(func() { worker(jobs, &mu) })
	}
	untilParked(trace.WaitChanReceive)
	start(echo)
	start(func() { weft.Block(func() { time.Sleep(2 * time.Millisecond) }) })
	for i := range 60 {
		jobs.Send(i)
	}
	jobs.Close()
	for range 300 {
		start(weft.Yield)
	}
	weft.Do(spin, spin, spin)
	wg.Wait()
}

// untilParked lets others run until one is parked for why: the page's tests look
// for one in each recording.
func untilParked(why trace.Reason) {
	for {
		parked, _ := sched.Current().Parked(0, 100)
		if slices.ContainsFunc(parked, func(p sched.ParkedG) bool { return p.Reason == why }) {
			return
		}
		weft.Yield()
	}
}

func worker(jobs *wsync.Chan[int], mu *wsync.Mutex) {
	for i := range jobs.All() {
		mu.Lock()
		if i%8 == 0 {
			weft.Sleep(200 * time.Microsecond)
		}
		mu.Unlock()
		spin()
	}
}

func spin() {
	for end := time.Now().Add(20 * time.Microsecond); time.Now().Before(end); {
	}
}

// echo has a client send a message in two halves to a server of its own.
func echo() {
	ln, err := wnet.Listen("tcp", "127.0.0.1:0")
	check(err)
	weft.Go(func() {
		conn, err := ln.Accept()
		check(err)
		io.Copy(conn, conn)
		conn.Close()
	})
	conn, err := wnet.Dial("tcp", ln.Addr().String())
	check(err)
	buf := make([]byte, 8)
	for range 20 {
		conn.Write([]byte("half"))
		weft.Sleep(100 * time.Microsecond)
		conn.Write([]byte("done"))
		_, err := io.ReadFull(conn, buf)
		check(err)
	}
	conn.Close()
	ln.Close()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// million passes tokens around rings of channels until there are a million
// events and some.
func million() {
	const rings, size, rounds = 40, 25, 340
	var wg wsync.WaitGroup
	for range rings {
		first := wsync.NewChan[int](1)
		in := first
		for i := range size {
			out := wsync.NewChan[int](1)
			if i == size-1 {
				out = first
			}
			from := in
			wg.Add(1)
			weft.Go(func() { defer wg.Done(); pass(from, out, rounds) })
			in = out
		}
		first.Send(0)
	}
	wg.Wait()
}

func pass(from, to *wsync.Chan[int], rounds int) {
	for range rounds {
		v, _ := from.Recv()
		to.Send(v + 1)
	}
}

// deadlock has two coroutines that take two locks in opposite order, and one
// that waits for a message that nobody sends.
func deadlock() {
	var a, b wsync.Mutex
	never := wsync.NewChan[int](0)
	weft.Go(func() { lockBoth(&a, &b) })
	weft.Go(func() { lockBoth(&b, &a) })
	never.Recv()
}

func lockBoth(first, second *wsync.Mutex) {
	first.Lock()
	weft.Yield()
	second.Lock()
}

// account has two coroutines pay into an account, and yield between reading it
// and writing it back. What is in it in the end depends on the schedule.
func account() {
	var wg wsync.WaitGroup
	balance := 0
	for range 2 {
		wg.Add(1)
		weft.Go(func() {
			defer wg.Done()
			had := balance
			weft.Yield()
			balance = had + 100
		})
	}
	wg.Wait()
	fmt.Println("the account has", balance, "of 200")
}
