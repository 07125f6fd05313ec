//go:build unix

package sdnotify_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sdnotify"
)

// manager listens as a service manager does.
func manager(t *testing.T, address string) func() string {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return func() string {
		t.Helper()
		buf := make([]byte, 4096)
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

// short makes a folder whose path leaves room for a socket's name: the kernel allows 108 bytes.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestTheManagerHearsWhatIsSaid(t *testing.T) {
	for _, address := range []string{filepath.Join(short(t), "notify"), fmt.Sprintf("@kisi-sync-test-%d", os.Getpid())} {
		read := manager(t, address)
		n, err := sdnotify.New(env("NOTIFY_SOCKET", address), os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			say  func() error
			want string
		}{
			{n.Ready, `READY=1`},
			{n.Alive, `WATCHDOG=1`},
			{n.Stopping, `STOPPING=1`},
			{func() error { return n.Status("2 held\nREADY=1\r\nnext at 03:00") }, `STATUS=2 held READY=1 next at 03:00`},
			{n.Reloading, `RELOADING=1\nMONOTONIC_USEC=\d+`},
		} {
			if err := c.say(); err != nil {
				t.Fatal(err)
			}
			if got := read(); !regexp.MustCompile(`^` + c.want + `$`).MatchString(got) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		}
	}
}

func TestWithoutAManagerNothingIsSaidAndNothingFails(t *testing.T) {
	n, err := sdnotify.New(env("WATCHDOG_USEC", "1000000"), 1)
	if err != nil || n != nil {
		t.Fatalf("got %v, %v", n, err)
	}
	for _, say := range []func() error{n.Ready, n.Reloading, n.Stopping, n.Alive, func() error { return n.Status("x") }} {
		if err := say(); err != nil {
			t.Error(err)
		}
	}
	if n.Every() != 0 {
		t.Errorf("fed every %v", n.Every())
	}
}

func TestTheWatchdogIsFedTwiceAsOftenAsItAsks(t *testing.T) {
	for _, c := range []struct {
		pairs []string
		want  time.Duration
	}{
		{nil, 0},
		{[]string{"WATCHDOG_USEC", "30000000"}, 15 * time.Second},
		{[]string{"WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "7"}, 15 * time.Second},
		{[]string{"WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "8"}, 0}, // meant for a parent of ours
	} {
		n, err := sdnotify.New(env(append(c.pairs, "NOTIFY_SOCKET", "/run/x")...), 7)
		if err != nil || n.Every() != c.want {
			t.Errorf("%v: got %v, %v; want %v", c.pairs, n.Every(), err, c.want)
		}
	}
}

func TestWhatTheManagerCannotMeanIsAnError(t *testing.T) {
	for _, pairs := range [][]string{
		{"NOTIFY_SOCKET", "vsock:2:1"},
		{"NOTIFY_SOCKET", "/run/x", "WATCHDOG_USEC", "0"},
		{"NOTIFY_SOCKET", "/run/x", "WATCHDOG_USEC", "soon"},
		{"NOTIFY_SOCKET", "/run/x", "WATCHDOG_USEC", "9223372036854775807"},
	} {
		if n, err := sdnotify.New(env(pairs...), 7); err == nil {
			t.Errorf("%v: got %+v", pairs, n)
		}
	}
}

func TestAManagerThatIsGoneIsAnError(t *testing.T) {
	n, err := sdnotify.New(env("NOTIFY_SOCKET", filepath.Join(short(t), "absent")), 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Ready(); err == nil {
		t.Error("nobody listened, and nothing was said about it")
	}
}
