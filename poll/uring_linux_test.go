package poll_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/weftgo/weft/poll"
	"github.com/weftgo/weft/poll/polltest"
)

// need makes the poller of a model. Where the kernel has no io_uring, tests of
// it are skipped.
func need(t *testing.T, model string) poll.Poller {
	t.Helper()
	p, err := poll.New(model)
	if err != nil && model == "uring" {
		t.Skip(err)
	}
	check(t, err)
	return p
}

func TestUring(t *testing.T) {
	need(t, "uring").Close()
	polltest.Test(t, func() (poll.Poller, error) { return poll.New("uring") })
}

// The kernel ends requests for whose events it has no room: each is made again.
func TestUringWithLittleRoomForEvents(t *testing.T) {
	need(t, "uring").Close()
	polltest.Test(t, poll.NewSmallUring)
}

// Requests belong to a thread: its end must not be the end of the watching.
func TestUringOutlivesTheThreadThatAdded(t *testing.T) {
	p := need(t, "uring")
	defer p.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(t, err)
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	added := make(chan int)
	var add func()
	add = func() {
		runtime.LockOSThread() // for good: the thread goes with the goroutine
		if unix.Gettid() == unix.Getpid() {
			done := make(chan bool) // the first thread stays, so another must do it
			go func() { add(); done <- true }()
			<-done
			runtime.UnlockOSThread()
			return
		}
		if err := p.Add(fds[0], 7); err != nil {
			t.Error(err)
		}
		added <- unix.Gettid()
	}
	go add()
	for tid := <-added; unix.Tgkill(unix.Getpid(), tid, 0) == nil; {
		runtime.Gosched()
	}
	events := make([]poll.Event, 4)
	for range 5 {
		send(t, fds[1])
		for got := poll.Ready(0); got&poll.Readable == 0; {
			n, err := p.Wait(events, 240e9)
			if n == 0 || err != nil {
				t.Fatalf("Wait: %d, %v", n, err)
			}
			got = events[n-1].Ready
		}
		if n, err := unix.Read(fds[0], make([]byte, 2)); n != 1 {
			t.Fatal(n, err)
		}
	}
	check(t, p.Remove(fds[0]))
}

// A process in which a filter forbids io_uring, as in many containers, or whose
// kernel has none, must be told so, and what to do.
func TestUringRefusedSaysWhy(t *testing.T) {
	words := map[unix.Errno][]string{
		unix.EPERM:  {"io_uring_setup", "operation not permitted", "seccomp", "epoll"},
		unix.ENOSYS: {"io_uring_setup", "not implemented", "Linux 6.0", "epoll"},
	}
	if setting, _ := os.ReadFile("/proc/sys/kernel/io_uring_disabled"); strings.TrimSpace(string(setting)) > "0" {
		words[unix.EPERM][2] = "kernel.io_uring_disabled"
	}
	if child := os.Getenv("WEFT_FORBIDDEN"); child != "" {
		n, _ := strconv.Atoi(child)
		forbid(t, unix.SYS_IO_URING_SETUP, unix.Errno(n))
		p, err := poll.New("uring")
		if err == nil {
			t.Fatalf("got a %s", p.Name())
		}
		for _, word := range words[unix.Errno(n)] {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q does not say %q", err, word)
			}
		}
		return
	}
	for errno := range words { // each in a process of its own: a filter is for good
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "WEFT_FORBIDDEN="+strconv.Itoa(int(errno)), "GORACE=atexit_sleep_ms=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", errno, err, out)
		}
	}
}

// forbid has a system call fail with errno, in the whole process and for good.
func forbid(t *testing.T, call uint32, errno unix.Errno) {
	t.Helper()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	check(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if e != 0 {
		t.Skipf("this system has no seccomp: %v", e)
	}
}
