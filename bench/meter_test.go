package bench

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// metered carries connections to a server and counts what the server says.
type metered struct {
	url  string
	came atomic.Int64
}

// meter listens until the benchmark ends. The server is an ldaps:// address.
func meter(b testing.TB, server string) *metered {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	m := &metered{url: "ldaps://" + l.Addr().String()}
	var running sync.WaitGroup
	b.Cleanup(func() { l.Close(); running.Wait() })
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { m.carry(client, strings.TrimPrefix(server, "ldaps://")) })
		}
	})
	return m
}

func (m *metered) carry(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	var asking sync.WaitGroup
	asking.Go(func() { io.Copy(server, client); server.Close() })
	io.Copy(client, io.TeeReader(server, m))
	client.Close()
	asking.Wait()
}

// Write implements io.Writer: it counts.
func (m *metered) Write(p []byte) (int, error) {
	m.came.Add(int64(len(p)))
	return len(p), nil
}
