package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/record"
)

func TestTheLineForTheServiceManagerSaysWhatMattersAndNamesNobody(t *testing.T) {
	good := &runRow{}
	for want, d := range map[string]statusDocument{
		"mode full: nothing to do":    {Mode: "full", Daemon: &record.Status{}, lastGood: good},
		"mode observe: at work":       {Mode: "observe", Daemon: &record.Status{UnderWay: &record.UnderWay{}}, lastGood: good},
		"mode full: at work, 3 steps": {Mode: "full", Daemon: &record.Status{UnderWay: &record.UnderWay{Todo: 3}}, lastGood: good},
		"mode full: nothing to do; 2 steps wait for somebody to decide; source corp is not read": {Mode: "full", Daemon: &record.Status{}, lastGood: good, Held: 2,
			Sources: []statusSource{{Source: shape.Source{Name: "corp", Error: "connection refused"}}}},
		"mode full: not as it should be: it is paused":                                                          {Mode: "full", Daemon: &record.Status{}, Paused: &record.Pause{Since: time.Now()}},
		"mode full: not as it should be: no run has ended well yet: Kisi is still looked at for the first time": {Mode: "full", Daemon: &record.Status{}},
	} {
		if got := d.line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

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
