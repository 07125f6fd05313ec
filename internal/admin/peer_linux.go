package admin

import (
	"net"
	"syscall"
)

// peer returns the account at the other end, as the kernel noted it when the connection was made (unix(7), SO_PEERCRED).
func peer(conn *net.UnixConn) (uid int, err error) {
	err = control(conn, func(fd int) error {
		cred, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		if err == nil {
			uid = int(cred.Uid)
		}
		return err
	})
	return uid, err
}
