package inbound

import (
	"net"
	"sync"
)

// bounded accepts no more than n connections at a time; others wait in the system's queue.
func bounded(l net.Listener, n int) net.Listener {
	return &boundedListener{Listener: l, free: make(chan struct{}, n), closed: make(chan struct{})}
}

type boundedListener struct {
	net.Listener
	free   chan struct{}
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a free place, and then for a connection.
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &boundedConn{Conn: c, free: sync.OnceFunc(func() { <-l.free })}, nil
}

// Close ends Accept, also where it waits for a place.
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type boundedConn struct {
	net.Conn
	free func()
}

// Close gives the place back.
func (c *boundedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
