package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/internal/lab"
)

// How many connections are at work at once.
const (
	someConns = 200
	manyConns = 1000
)

// measureHTTP loads the servers in turns. Of http there is a third: weft again,
// with every decision recorded to a file.
func measureHTTP(w *workload, procs, rounds, ops int) (Row, error) {
	specs := []childSpec{{Side: "weft"}, {Side: "go"}}
	if w.name == "http" {
		specs = append(specs, childSpec{Side: "weft", Record: true})
	}
	sides, err := w.serveRounds(specs, procs, rounds, ops)
	if err != nil {
		return Row{}, err
	}
	row := rowOf(sides[0], sides[1], mean)
	if len(sides) > 2 {
		row.Recording = recordingCost(sides[0], sides[2])
	}
	return row, nil
}

// serveRounds returns the rounds of each server. The servers of a spell stay, so
// that a round of each falls into about the same weather; but two processes of
// one program may differ for as long as they live, by where their memory came to
// lie, so each spell has new ones.
func (w *workload) serveRounds(specs []childSpec, procs, rounds, ops int) (sides [][]sample, err error) {
	const spell = 6
	sides = make([][]sample, len(specs))
	for left := rounds; left > 0; left -= spell {
		if err := w.serveSpell(sides, specs, procs, min(left, spell), ops); err != nil {
			return nil, err
		}
	}
	return sides, nil
}

// serveSpell adds rounds to sides. Who is first changes from round to round.
func (w *workload) serveSpell(sides [][]sample, specs []childSpec, procs, rounds, ops int) (err error) {
	var servers []*httpServer
	for _, spec := range specs {
		spec.Work, spec.Procs = w.name, procs
		s, err := startHTTP(spec, w.conns)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		servers = append(servers, s)
	}
	for i := range rounds + 1 {
		for k := range servers {
			j := (i + k) % len(servers)
			one, err := servers[j].round(ops)
			if err != nil {
				return err
			}
			if i > 0 { // the first warms caches and pools
				sides[j] = append(sides[j], one)
			}
		}
	}
	return nil
}

// recordingCost returns what recorded rounds cost as a multiple of those beside
// them that are not recorded, in CPU time of user and system, with the ratios at
// which the second and the last quarter of the pairs begin, below and above it;
// nil if the rounds are too short for the kernel's count of that.
func recordingCost(plain, recorded []sample) []float64 {
	var ratios []float64
	var with, without float64
	for i := range plain {
		if all := plain[i].ns + plain[i].sys; all > 0 {
			with, without = with+recorded[i].ns+recorded[i].sys, without+all
			ratios = append(ratios, (recorded[i].ns+recorded[i].sys)/all)
		}
	}
	if ratios == nil {
		return nil
	}
	low, high := quarters(ratios)
	return []float64{low, with / without, high}
}

// quarters returns where the second quarter of values begins, and the last. It
// sorts them.
func quarters(values []float64) (low, high float64) {
	slices.Sort(values)
	n := len(values)
	return values[n/4], values[(3*n-1)/4]
}

// httpServer is a server in a child, with the connections that load it.
type httpServer struct {
	*child
	conns []net.Conn
}

func startHTTP(spec childSpec, conns int) (*httpServer, error) {
	c, err := startChild(spec)
	if err != nil {
		return nil, err
	}
	s := &httpServer{child: c}
	var addr string
	if err := c.read(&addr); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	for range conns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		s.conns = append(s.conns, conn)
	}
	return s, nil
}

func (s *httpServer) stop() error {
	for _, c := range s.conns {
		c.Close()
	}
	return s.end()
}

// round sends ops requests and returns the server's cost of one.
func (s *httpServer) round(ops int) (sample, error) {
	before, err := s.usage()
	if err != nil {
		return sample{}, err
	}
	each := max(1, ops/len(s.conns))
	var wg sync.WaitGroup
	errs := make([]error, len(s.conns))
	for i, c := range s.conns {
		wg.Go(func() { errs[i] = load(c, each) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return sample{}, err
	}
	after, err := s.usage()
	n := float64(each * len(s.conns))
	return sample{ns: float64(after.User-before.User) / n, sys: float64(after.Sys-before.Sys) / n}, err
}

func (s *httpServer) usage() (u lab.Usage, err error) {
	if err := s.next(); err != nil {
		return u, err
	}
	err = s.read(&u)
	return s.sampler.Split(u), err
}

var request = []byte("GET / HTTP/1.1\r\nHost: bench\r\n\r\n")

// load sends n requests one after the other and checks each answer's end.
func load(c net.Conn, n int) error {
	buf := make([]byte, 1024)
	for range n {
		if _, err := c.Write(request); err != nil {
			return err
		}
		got := 0
		for !bytes.HasSuffix(buf[:got], []byte(httpBody)) {
			m, err := c.Read(buf[got:])
			if err != nil {
				return err
			}
			got += m
		}
	}
	return nil
}

const httpBody = "Hello, World!"

// httpChild serves until the parent hangs up, and tells its usage when asked.
func httpChild(spec childSpec) {
	ln := listenFor(spec.Side)
	say(ln.Addr().String())
	go answerParent()
	if spec.Work != "http" {
		serveMessages(spec.Side, ln, nil, func() {})
		return
	}
	server := fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString(httpBody) }}
	spawn := func(f func()) { go f() }
	if spec.Side == "weft" {
		spawn = weft.Go
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "weft bench:", err)
			os.Exit(1)
		}
		spawn(func() { _ = server.ServeConn(c) })
	}
}

// answerParent tells the usage for each line, and ends the process with them.
func answerParent() {
	in := bufio.NewReader(os.Stdin)
	for {
		if _, err := in.ReadString('\n'); err == io.EOF {
			os.Exit(0)
		}
		say(lab.ReadUsage())
	}
}
