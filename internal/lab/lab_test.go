package lab

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestMain(m *testing.M) {
	if IsChild() {
		child()
	}
	if os.Getenv("GORACE") == "" { // else each child with the race detector waits a second before it ends
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	os.Exit(m.Run())
}

// child serves with package net, or fails as its spec says.
func child() {
	var fail string
	if err := Spec(&fail); err != nil {
		Serving("", err, nil)
		select {}
	}
	if fail != "" {
		Serving("", errors.New(fail), nil)
		select {}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	Serving(ln.Addr().String(), err, func() error { return errors.New("one thing failed") })
	for {
		c, err := ln.Accept()
		if err != nil {
			os.Exit(1)
		}
		go Answered(c, func() { Deep(4) })
	}
}

func TestServerIsMeasured(t *testing.T) {
	s, err := Start("")
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Memory()
	if err != nil || before.First <= 0 || before.Settled <= 0 {
		t.Errorf("memory %+v, %v", before, err)
	}
	crowd, err := Gather(s.Addr, 20)
	if err != nil {
		t.Fatal(err)
	}
	cost, err := s.Measure(crowd, 50*time.Millisecond)
	if err != nil || cost.Requests < 20 || cost.Usage.All() <= 0 {
		t.Errorf("%d requests, %+v, %v", cost.Requests, cost.Usage, err)
	}
	if low, high := cost.Percentile(0), cost.Percentile(1); low <= 0 || low > high || high > cost.Took {
		t.Errorf("answers took %v to %v of %v", low, high, cost.Took)
	}
	if text, err := s.Failure(); text != "one thing failed" || err != nil {
		t.Errorf("failure %q, %v", text, err)
	}
	if err := errors.Join(crowd.Close(), s.Stop()); err != nil {
		t.Error(err)
	}
}

func TestServerSaysWhyItDoesNotServe(t *testing.T) {
	if _, err := Start("no such model"); !errors.Is(err, Refusal("no such model")) {
		t.Errorf("%v", err)
	}
}

func TestGatherFailsWhenNobodyAnswers(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if _, err := Gather(ln.Addr().String(), 3); err == nil || !strings.Contains(err.Error(), "of 3") {
		t.Errorf("%v", err)
	}
}

// rw is a connection with its two directions apart.
type rw struct {
	io.Reader
	io.Writer
}

func TestAnsweredTakesRequestsInAnyPieces(t *testing.T) {
	piece := func(s string) io.Reader { return strings.NewReader(s) }
	for _, in := range []io.Reader{
		iotest.OneByteReader(piece(strings.Repeat(Request, 3))),
		io.MultiReader(piece(Request), piece(Request[:9]), piece(Request[9:]), piece(Request)),
	} {
		var out bytes.Buffer
		worked := 0
		if err := Answered(rw{in, &out}, func() { worked++ }); err != io.EOF {
			t.Errorf("ended with %v", err)
		}
		if out.String() != strings.Repeat(Answer, 3) || worked != 3 {
			t.Errorf("%d times, answered %q", worked, out.String())
		}
	}
	if err := Answered(rw{strings.NewReader(strings.Repeat("x", 2000)), io.Discard}, nil); err != errLong {
		t.Errorf("a long request: %v", err)
	}
}

func TestMedianIgnoresOutliers(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{5}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 1000}, 3}, {nil, 0}} {
		if got := Median(c.values); got != c.want {
			t.Errorf("median %v, want %v", got, c.want)
		}
	}
}
