package wnet

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

var errMissingAddress = errors.New("missing address")

// recvmsg reads a message with its out-of-band data and its sender.
func (fd *netFD) recvmsg(p, oob []byte) (n, oobn, flags int, from unix.Sockaddr, err error) {
	err = fd.receive("recvmsg", func(s int) (err error) {
		n, oobn, flags, from, err = unix.Recvmsg(s, p, oob, cloexecFDs)
		if err == nil {
			raceRead(p[:n])
		}
		return err
	})
	if err != nil {
		return 0, 0, 0, nil, fd.opError("read", err)
	}
	return n, oobn, flags, from, nil
}

// sendmsg sends a message to sa, which errors show as to.
func (fd *netFD) sendmsg(p, oob []byte, sa unix.Sockaddr, to net.Addr) (n, oobn int, err error) {
	err = fd.send("sendmsg", func(s int) (err error) {
		raceWrite(p)
		n, err = unix.SendmsgN(s, p, oob, sa, noSignal)
		return err
	})
	if err != nil {
		return 0, 0, fd.addrError("write", to, err)
	}
	return n, len(oob), nil
}

// addrError is opError for a call that names its peer.
func (fd *netFD) addrError(op string, to net.Addr, err error) error {
	return &net.OpError{Op: op, Net: fd.kind.network, Source: fd.LocalAddr(), Addr: to, Err: netErr(err)}
}
