//go:build !unix

package child

import "net"

// HoldPorts returns n different ports of 127.0.0.1 that nobody has at this moment. Nothing keeps them here.
func HoldPorts(n int) (ports []int, release func(), err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		defer func() { _ = l.Close() }() // after all are chosen, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, func() {}, nil
}
