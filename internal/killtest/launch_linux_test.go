package killtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// launchVariable tells this test binary to become the program, with what is said there.
const launchVariable = "KILLTEST_LAUNCH"

// launching is what is done to a process before it becomes the program.
type launching struct {
	Gated    bool   // each write to a file waits until the test lets it pass
	FileSize uint64 // how large a file may become; 0: no limit
}

// gateSocket is the descriptor on which the launcher hands the gate to the test.
const gateSocket = 3

// launch turns this process into the program.
func launch(args []string) error {
	var l launching
	if err := json.Unmarshal([]byte(os.Getenv(launchVariable)), &l); err != nil {
		return err
	}
	runtime.LockOSThread() // what is done to this thread is done to the program, which begins in it
	if err := os.Unsetenv(launchVariable); err != nil {
		return err
	}
	if l.FileSize > 0 {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: l.FileSize, Max: l.FileSize}); err != nil {
			return fmt.Errorf("limit the size of files: %w", err)
		}
	}
	if l.Gated {
		if err := putUpGate(); err != nil {
			return err
		}
	}
	binary := os.Getenv(binaryVariable)
	return unix.Exec(binary, append([]string{binary}, args...), os.Environ())
}

// gatedCalls are the system calls by which a state file changes.
func gatedCalls() []uint32 {
	return []uint32{unix.SYS_PWRITE64, unix.SYS_FDATASYNC, unix.SYS_FSYNC, unix.SYS_FTRUNCATE}
}

// putUpGate makes the kernel ask before each of the gated calls, and sends the descriptor on which it asks to the test. It needs
// neither root nor ptrace: whoever gives up gaining rights may watch over itself so (seccomp_unotify(2)).
func putUpGate() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up gaining rights: %w", err)
	}
	filter := gateFilter()
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	gate, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("put up the gate: %w", errno)
	}
	if err := unix.Sendmsg(gateSocket, []byte{1}, unix.UnixRights(int(gate)), nil, 0); err != nil {
		return fmt.Errorf("hand over the gate: %w", err)
	}
	unix.CloseOnExec(gateSocket)
	return nil
}

// gateFilter is the program by which the kernel decides which calls it asks about.
func gateFilter() []unix.SockFilter {
	calls := gatedCalls()
	const number, ask, allow = 0, unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_RET_ALLOW
	all := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number}}
	for i, call := range calls {
		all = append(all, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(calls) - i), K: call})
	}
	return append(all, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: allow}, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: ask})
}

// question is struct seccomp_notif, what the kernel asks; answer is struct seccomp_notif_resp.
type question struct {
	ID    uint64
	PID   uint32
	Flags uint32
	Call  int32
	Arch  uint32
	At    uint64
	Args  [6]uint64
}

type answer struct {
	ID    uint64
	Value int64
	Error int32
	Flags uint32
}

// openGate gives a command a socket on which its launcher hands over the gate. The function that it returns is called when the
// command has started, and asks keeper about each write until the process is gone.
func openGate(cmd *exec.Cmd) (watch func(keeper func(write) verdict) error, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(ends[1]), "gate")
	cmd.ExtraFiles = []*os.File{theirs}
	return func(keeper func(write) verdict) error {
		defer func() { _ = unix.Close(ends[0]) }()
		_ = theirs.Close() // they have a copy, if they were started at all
		gate, err := receive(ends[0])
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(gate) }()
		return keep(gate, keeper)
	}, nil
}

func receive(socket int) (int, error) {
	data, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, data, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) == 0 {
		return 0, errNoGate
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return 0, errNoGate
	}
	return fds[0], nil
}

// keep answers each question until nobody is there any more to ask.
func keep(gate int, keeper func(write) verdict) error {
	for {
		poll := []unix.PollFd{{Fd: int32(gate), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); err == unix.EINTR {
			continue
		} else if err != nil {
			return err
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			return nil
		}
		var q question
		if errno := ioctl(gate, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&q)); errno == unix.EINTR || errno == unix.ENOENT {
			continue // who asked is gone
		} else if errno != 0 {
			return errno
		}
		a := answer{ID: q.ID, Flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if v := keeper(q.write()); v != pass {
			a.Flags, a.Error = 0, -int32(v)
		}
		_ = ioctl(gate, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&a)) // who was killed meanwhile hears no answer
	}
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
	return errno
}

// write says what is about to be written.
func (q *question) write() write {
	switch {
	case q.Call == unix.SYS_FDATASYNC:
		return write{kind: syncing}
	case q.Call != unix.SYS_PWRITE64:
		return write{kind: growing}
	case int(q.Args[2]) == os.Getpagesize() && int(q.Args[3]) < 2*os.Getpagesize():
		return write{kind: meta}
	}
	return write{kind: data}
}
