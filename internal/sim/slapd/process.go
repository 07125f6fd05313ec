package slapd

import (
	"bytes"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child that dies with us.
type process struct {
	cmd  *exec.Cmd
	said bytes.Buffer  // what it wrote; read it only after done
	done chan struct{} // closed when it has ended and was waited for
}

// launch starts a child. The kernel ties "dies with its parent" to the parent's thread, not to its process, so a
// goroutine locked to one thread starts the child and stays until it has ended.
func launch(path string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.cmd.SysProcAttr = diesWithUs()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how it ended does not matter: we killed it, or await reports what it said
		}
	}()
	return p, <-started
}

// shutDown asks the child to end and waits, but not for ever.
func (p *process) shutDown() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.kill()
	}
}

// kill ends the child and waits for it. The database survives: mdb is a copy-on-write tree.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only when it has ended
	<-p.done
}
