//go:build unix

package ldap

import (
	"syscall"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// The server's system still answers for it, so the line looks well.
func TestAServerThatHangsIsNoticedByItsWatcher(t *testing.T) {
	s := slapd.Start(t, slapd.Options{})
	o := settingsFor(t, s)
	o.Timeout = time.Second
	e := listen(t, open(t, o))
	if err := syscall.Kill(s.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := e.wantEnd(); err == nil {
		t.Error("the watch ended well")
	} else {
		t.Log(err)
	}
}
