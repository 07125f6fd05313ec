package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// Where returns where the daemon of a state file listens: a pipe whose name is made from the file's.
func Where(state string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(state)))
	return `\\.\pipe\kisi-sync-` + hex.EncodeToString(sum[:8])
}

// private lets in the owner of the pipe, the system and administrators, and nobody over the network (Security Descriptor String Format:
// D:P is a list that inherits nothing; NU is who comes over the network).
const private = "D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"

// Listen listens on a named pipe that only this account and administrators can open. One that somebody has already is ErrOther: the first
// to make a pipe owns its name.
func Listen(path string) (net.Listener, error) {
	l, err := winio.ListenPipe(path, &winio.PipeConfig{SecurityDescriptor: private})
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, windows.ERROR_PIPE_BUSY), errors.Is(err, windows.ERROR_ALREADY_EXISTS):
		return nil, fmt.Errorf("admin pipe %s: %w there already: %w", path, ErrOther, err)
	case err != nil:
		return nil, fmt.Errorf("admin pipe %s: %w", path, err)
	}
	return &listener{l}, nil
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	return winio.DialPipeContext(ctx, path)
}

// refused never holds: a pipe is gone with its process.
func refused(error) bool { return false }

// listener knows who is at the other end; who may open the pipe is decided by its rights.
type listener struct{ net.Listener }

// Accept returns a connection whose remote address is the name of the account at the other end.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		who, err := peer(conn)
		if err != nil {
			_ = conn.Close()
			continue
		}
		return &known{Conn: conn, who: who}, nil
	}
}

// known is a connection whose other end is known by name.
type known struct {
	net.Conn
	who named
}

// RemoteAddr names the account.
func (k *known) RemoteAddr() net.Addr { return k.who }

type named string

// Network says that it is an account and no address.
func (named) Network() string  { return "account" }
func (n named) String() string { return string(n) }

// peer returns the account of the process at the other end (GetNamedPipeClientProcessId, OpenProcessToken).
func peer(conn net.Conn) (named, error) {
	pipe, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return "", errors.ErrUnsupported
	}
	var pid uint32
	if err := windows.GetNamedPipeClientProcessId(windows.Handle(pipe.Fd()), &pid); err != nil {
		return "", err
	}
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return "", err
	}
	defer func() { _ = windows.CloseHandle(process) }()
	var token windows.Token
	if err := windows.OpenProcessToken(process, windows.TOKEN_QUERY, &token); err != nil {
		return "", err
	}
	defer func() { _ = token.Close() }()
	owner, err := token.GetTokenUser()
	if err != nil {
		return "", err
	}
	name, domain, _, err := owner.User.Sid.LookupAccount("")
	if err != nil {
		return named(owner.User.Sid.String()), nil
	}
	return named(domain + `\` + name), nil
}

// Owner is not to be seen of a pipe by whoever may not open it.
func Owner(string) string { return "" }

// isRoot is false: there is no sudo.
func isRoot(string) bool { return false }
