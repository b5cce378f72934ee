// Package network has tests that ask the network in memory for what it can't do,
// or wait for what never comes.
package network

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func dial(t *testing.T) (net.Listener, net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

func TestNobodyWrites(t *testing.T) {
	l, c := dial(t)
	defer l.Close()
	c.Read(make([]byte, 1))
}

func TestNobodyDials(t *testing.T) {
	l, _ := dial(t)
	l.Accept()
	l.Accept()
}

func TestNobodyReads(t *testing.T) {
	l, c := dial(t)
	defer l.Close()
	for {
		if _, err := c.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
}

// A deadline ends the wait.
func TestDeadline(t *testing.T) {
	l, c := dial(t)
	defer l.Close()
	c.SetDeadline(time.Now().Add(time.Hour))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

func wantRealnet(t *testing.T, err error, is error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "-realnet") || !errors.Is(err, is) {
		t.Errorf("%v, want it to be %v and to name -realnet", err, is)
	}
}

func TestOutside(t *testing.T) {
	_, err := net.Dial("tcp", "192.0.2.1:80")
	wantRealnet(t, err, syscall.ENETUNREACH)
}

func TestOutsideDatagrams(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1})
	wantRealnet(t, err, syscall.ENETUNREACH)
}

func TestRawSocket(t *testing.T) {
	_, err := net.ListenPacket("ip4:icmp", "127.0.0.1")
	wantRealnet(t, err, syscall.EOPNOTSUPP)
}

func TestGroup(t *testing.T) {
	_, err := net.ListenMulticastUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353})
	wantRealnet(t, err, syscall.EOPNOTSUPP)
}

func TestPassedDescriptor(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	defer syscall.Close(fds[1])
	wantRealnet(t, syscall.Sendmsg(fds[0], []byte("x"), syscall.UnixRights(0), nil, 0), syscall.EOPNOTSUPP)
}

// Interfaces are those that there are.
func TestInterfaces(t *testing.T) {
	if all, err := net.Interfaces(); err != nil || len(all) == 0 {
		t.Error(all, err)
	}
}

// A child can't have a descriptor of a network that is in its parent's memory.
func TestChild(t *testing.T) {
	l, c := dial(t)
	defer l.Close()
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command("true")
	cmd.ExtraFiles = []*os.File{f}
	if err := cmd.Run(); !errors.Is(err, syscall.EBADF) {
		t.Errorf("%v, want a bad descriptor", err)
	}
}
