package main

import (
	"errors"
	"net"
	"time"

	"github.com/weftgo/weft"
	"github.com/weftgo/weft/internal/lab"
	"github.com/weftgo/weft/wnet"
)

// deadlineRow is what SetReadDeadline costs before each read, in nanoseconds a
// call: a deadline a little later than the one before, as servers set it.
type deadlineRow struct {
	Peer string  `json:"peer"`
	NS   float64 `json:"set_read_deadline_ns"`
}

// measureDeadline takes turns between the two, in this process.
func measureDeadline(o options, each func(deadlineRow)) error {
	var onNet, onWeft []float64
	for range o.rounds {
		ns, err := setDeadlines(o.time/4, net.Listen, net.Dial)
		if err != nil {
			return err
		}
		onNet = append(onNet, ns)
		err = errors.Join(weft.Run(func() { ns, err = setDeadlines(o.time/4, wnet.Listen, wnet.Dial) }), err)
		if err != nil {
			return err
		}
		onWeft = append(onWeft, ns)
	}
	each(deadlineRow{"weft", lab.Median(onWeft)})
	each(deadlineRow{"net", lab.Median(onNet)})
	return nil
}

// setDeadlines returns what a call costs on a connection, called for about d.
func setDeadlines(d time.Duration, listen func(network, addr string) (net.Listener, error),
	dial func(network, addr string) (net.Conn, error)) (ns float64, err error) {
	ln, err := listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	c, err := dial("tcp", ln.Addr().String())
	if err != nil {
		return 0, err
	}
	defer c.Close()
	const batch = 1000
	begin, calls := time.Now(), 0
	far := begin.Add(time.Minute)
	for time.Since(begin) < d {
		for range batch {
			calls++
			if err := c.SetReadDeadline(far.Add(time.Duration(calls) * time.Microsecond)); err != nil {
				return 0, err
			}
		}
	}
	return float64(time.Since(begin)) / float64(calls), nil
}
