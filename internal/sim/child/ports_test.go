//go:build linux

package child

import (
	"net"
	"strconv"
	"testing"
)

// TestAHeldPortIsGivenToNobodyElse fills what is left of the system's own choice as far as a test may, and listens on the held port meanwhile.
func TestAHeldPortIsGivenToNobodyElse(t *testing.T) {
	ports, release, err := HoldPorts(3)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	held := map[int]bool{}
	for _, p := range ports {
		held[p] = true
	}
	if len(held) != 3 {
		t.Fatalf("ports %v are not different", ports)
	}
	for range 500 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		if got := l.Addr().(*net.TCPAddr).Port; held[got] {
			t.Fatalf("port %d is held and was given away", got)
		}
	}
	for range 3 { // a server comes, goes, and comes back
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(ports[0]))
		if err != nil {
			t.Fatalf("whom the port is held for cannot have it: %v", err)
		}
		out, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = out.Close()
		_ = l.Close()
	}
	if _, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(ports[0])); err == nil {
		t.Error("somebody listens on a port that is only held")
	}
}
