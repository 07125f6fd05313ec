package main

import (
	"net"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdManager listens like systemd (sd_notify(3)).
func cmdManager(ts *testscript.TestScript, _ bool, _ []string) {
	folder, err := os.MkdirTemp("", "sd") // the path of a socket is short
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(folder) })
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(folder, "notify"), Net: "unixgram"})
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close() })
	ts.Setenv("NOTIFY_SOCKET", conn.LocalAddr().String())
	heard := &stageOf(ts).post
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			heard.add("manager: " + string(b[:n]) + "\n")
		}
	}()
}
