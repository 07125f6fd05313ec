//go:build !windows

package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Where returns where the daemon of a state file listens: beside the file.
func Where(state string) string {
	return strings.TrimSuffix(state, filepath.Ext(state)) + ".sock"
}

// longest is how many bytes the path of a socket may have (sun_path is 104 on the BSDs and on macOS, 108 on Linux, with a zero at its end).
const longest = 103

// Listen listens on a socket that only this account and root can open. A socket that a dead daemon left behind is taken away; one on
// which somebody answers is ErrOther. The caller must be the only daemon of the state file, which the lock of that file makes sure of.
func Listen(path string) (net.Listener, error) {
	if len(path) > longest {
		return nil, fmt.Errorf("the path of the socket is longer than %d bytes: %s", longest, path)
	}
	if err := clear(path); err != nil {
		return nil, fmt.Errorf("admin socket %s: %w", path, err)
	}
	private := func(_, _ string, c syscall.RawConn) error { // so that on Linux the file never has other rights
		var err error
		if ctlErr := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), 0o600) }); ctlErr != nil {
			return ctlErr
		}
		if errors.Is(err, syscall.EINVAL) { // macOS gives no rights to a socket that has no name yet
			return nil
		}
		return err
	}
	l, err := (&net.ListenConfig{Control: private}).Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &listener{l}, nil
}

// clear takes away a socket on which nobody listens any more.
func clear(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("something else has this name; name another place with admin.socket")
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	conn, err := dial(ctx, path)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("%w there already", ErrOther)
	}
	if !refused(err) {
		return err
	}
	return os.Remove(path)
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", path)
}

// refused says that a socket is there and nobody listens on it.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// listener lets in this account and root, and knows who each is.
type listener struct{ net.Listener }

// Accept returns a connection whose remote address is the name of the account at the other end.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peer(conn.(*net.UnixConn))
		if err != nil || uid != os.Geteuid() && uid != 0 {
			_ = conn.Close()
			continue
		}
		return &known{Conn: conn, who: account(uid)}, nil
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

func account(uid int) named {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return named(u.Username)
	}
	return named("uid " + id)
}

// Owner names the account whose socket it is; "" when that cannot be seen.
func Owner(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return ""
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return string(account(int(is.Uid)))
}

// control calls do with the descriptor of a connection.
func control(conn *net.UnixConn, do func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	if ctlErr := raw.Control(func(fd uintptr) { err = do(int(fd)) }); ctlErr != nil {
		return ctlErr
	}
	return err
}

// isRoot says that an account, as account names it, is root.
func isRoot(name string) bool { return name == string(account(0)) }
