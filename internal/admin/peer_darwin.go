package admin

import (
	"net"

	"golang.org/x/sys/unix"
)

// peer returns the account at the other end, as the kernel noted it when the connection was made (unix(4), LOCAL_PEERCRED).
func peer(conn *net.UnixConn) (uid int, err error) {
	err = control(conn, func(fd int) error {
		cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if err == nil {
			uid = int(cred.Uid)
		}
		return err
	})
	return uid, err
}
