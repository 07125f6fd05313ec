//go:build unix

package child

import (
	"fmt"
	"syscall"
)

// HoldPorts returns n different ports of 127.0.0.1 and keeps each of them until release: nobody who lets the system choose is given one, also
// not for a call that goes out, whether a server listens there or is away. A server that listens as nearly all do, with SO_REUSEADDR, can
// listen there, leave and come back as often as it likes.
func HoldPorts(n int) (ports []int, release func(), err error) {
	held := make([]func(), 0, n)
	release = func() {
		for _, letGo := range held {
			letGo()
		}
	}
	for range n {
		port, letGo, err := hold()
		if err != nil {
			release()
			return nil, nil, err
		}
		ports, held = append(ports, port), append(held, letGo)
	}
	return ports, release, nil
}

// hold binds a port and does not listen.
func hold() (int, func(), error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, nil, fmt.Errorf("hold a port: %w", err)
	}
	syscall.CloseOnExec(fd)
	port, err := bind(fd)
	if err != nil {
		_ = syscall.Close(fd)
		return 0, nil, err
	}
	return port, func() { _ = syscall.Close(fd) }, nil
}

// bind lets the system choose.
func bind(fd int) (port int, err error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, fmt.Errorf("hold a port: %w", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, fmt.Errorf("hold a port: %w", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, fmt.Errorf("hold a port: %w", err)
	}
	return name.(*syscall.SockaddrInet4).Port, nil
}
