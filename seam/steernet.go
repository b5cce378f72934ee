package seam

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/weftgo/weft/explore"
)

// The in-memory network of Steer, for Linux.

var (
	//go:embed hooks/net_ops.go.txt
	netOps string
	//go:embed hooks/net_kernel.go.txt
	netKernel string
	//go:embed hooks/net_addr.go.txt
	netAddr string
	//go:embed hooks/net_stream.go.txt
	netStream string
	//go:embed hooks/net_data.go.txt
	netData string
	//go:embed hooks/net_leaks.go.txt
	netLeaks string
	//go:embed hooks/net_options.go.txt
	netOptions string
	//go:embed hooks/net_other.go.txt
	netOther string
	//go:embed hooks/net_poll.go.txt
	netPoll string
	//go:embed hooks/net_syscall.go.txt
	netSyscall string
	//go:embed hooks/net_syscall_amd64.go.txt
	netSyscallAMD64 string
	//go:embed hooks/net_syscall_arm64.go.txt
	netSyscallARM64 string
)

func netFiles() []File {
	return []File{
		{"runtime/weft_net_ops.go", netOps},
		{"runtime/weft_net_kernel.go", netKernel},
		{"runtime/weft_net_addr.go", netAddr},
		{"runtime/weft_net_stream.go", netStream},
		{"runtime/weft_net_data.go", netData},
		{"runtime/weft_net_leaks.go", netLeaks},
		{"runtime/weft_net_options.go", netOptions},
		{"runtime/weft_net_other.go", netOther},
		{"internal/poll/weft_net.go", netPoll},
		{"syscall/weft_net_ops.go", strings.Replace(netOps, "package runtime\n", "package syscall\n", 1)},
		{"syscall/weft_net.go", netSyscall},
		{"syscall/weft_net_linux_amd64.go", netSyscallAMD64},
		{"syscall/weft_net_linux_arm64.go", netSyscallARM64},
	}
}

// netEdits lead the calls about sockets to the in-memory network, and tell Go's poller for which descriptors it need not ask the kernel.
func netEdits() (edits []Edit) {
	const (
		results = " (r1, r2 uintptr, err Errno)"
		call    = "if simOn { if r, e, done := simSyscall(trap, a1, a2, a3, %s); done { return r, 0, e } }"
		block   = "netpollblock(pd *pollDesc, mode int32, waitio bool) bool"
		unblock = "netpollunblock(pd *pollDesc, mode int32, ioready bool, delta *int32) *g"
		point   = "if steerOn { simPoint(%d, fd.Sysfd) }"
	)
	in := func(file string, all ...Edit) {
		for _, e := range all {
			e.File, e.GOOS = file, "linux"
			edits = append(edits, e)
		}
	}
	in("syscall/syscall_linux.go",
		Edit{Func: "Syscall(trap, a1, a2, a3 uintptr)" + results, Text: fmt.Sprintf(call, "0, 0, 0")},
		Edit{Func: "Syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr)" + results, Text: fmt.Sprintf(call, "a4, a5, a6")},
		Edit{Func: "RawSyscall6(trap, a1, a2, a3, a4, a5, a6 uintptr)" + results, Text: fmt.Sprintf(call, "a4, a5, a6")})
	in("syscall/syscall_unix.go",
		Edit{Func: "(e Errno) Error() string", Text: `if s := simErrors(e); s != "" { return s }`},
		Edit{Func: "(e Errno) Is(target error) bool", Text: "if simIs(e, target) { return true }"})
	in("runtime/os_linux.go", Edit{Func: "fcntl(fd, cmd, arg int32) (ret int32, errno int32)",
		Text: "if simOn && fd >= simFDs { return simFcntlCall(fd, cmd, arg) }"})
	in("runtime/netpoll_epoll.go",
		Edit{Func: "netpollopen(fd uintptr, pd *pollDesc) uintptr", Text: "if simOn && fd >= simFDs { return simOpened(fd, pd) }"},
		Edit{Func: "netpollclose(fd uintptr) uintptr", Text: "if simOn && fd >= simFDs { return simClosed(fd) }"})
	in("runtime/netpoll.go",
		Edit{Func: block, At: Replace, Stmt: "gopark(netpollblockcommit, ",
			Text: "if simOn && pd.fd >= simFDs { gopark(simCommit, unsafe.Pointer(gpp), waitReasonIOWait, traceBlockNet, 5) } else { $0 }"},
		Edit{Func: unblock, At: Replace, Stmt: "*delta -= 1", Text: "if pd.fd < simFDs { $0 }"})
	in("internal/poll/fd_mutex.go",
		Edit{Func: "(fd *FD) readLock() error", At: Before, Stmt: "return nil", Text: fmt.Sprintf(point, explore.OpNetRead)},
		Edit{Func: "(fd *FD) writeLock() error", At: Before, Stmt: "return nil", Text: fmt.Sprintf(point, explore.OpNetWrite)})
	in("internal/poll/fd_poll_runtime.go",
		Edit{Func: "(pd *pollDesc) init(fd *FD) error", At: Before, Stmt: "return nil", Text: "simInit(fd)"})
	in("runtime/proc.go", Edit{Func: "main()", At: Before, Stmt: "gcenable()", Text: "if steer.memory { simStart() }"})
	return edits
}
