// Package child runs a server as a child process of a test that dies with it: the kernel sees to that on Linux, even when the test
// process itself is killed. It must not be used outside tests.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a child. Its methods may be called from any goroutine.
type Process struct {
	cmd  *exec.Cmd
	said bytes.Buffer
	done chan struct{}
}

// Launch starts a child. The kernel ties "dies with its parent" to the parent's thread, not to its process, so a goroutine locked to one
// thread starts the child and stays until it has ended.
func Launch(path string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if _, err := p.cmd.StdinPipe(); err != nil { // open as long as we live: some servers end when their input does
		return nil, err
	}
	p.cmd.SysProcAttr = diesWithUs()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how it ended does not matter: we killed it, or the caller asks what it said
		}
	}()
	return p, <-started
}

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Said is what the child wrote to its two outputs. Call it only after Done.
func (p *Process) Said() []byte { return p.said.Bytes() }

// ShutDown asks the child to end and waits, but not for ever.
func (p *Process) ShutDown() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.Kill()
	}
}

// Kill ends the child at once and waits for it.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails only when it has ended
	<-p.done
}

// Await returns once answers returns nil, and with an error when the child ends before that or ctx does.
func (p *Process) Await(ctx context.Context, answers func() error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := answers()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended by itself: %s", p.Said())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}
