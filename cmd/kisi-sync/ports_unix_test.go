//go:build unix

package main

import (
	"fmt"
	"strconv"
	"syscall"
)

// holdPort keeps a port of 127.0.0.1 from everybody else while nobody listens there: whoever calls is refused, and no other test's server can be
// given it meanwhile. The caller calls release.
func holdPort(port string) (release func(), err error) {
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	release = func() { _ = syscall.Close(fd) }
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		release()
		return nil, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: n, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		release()
		return nil, fmt.Errorf("hold port %s: %w", port, err)
	}
	return release, nil
}
