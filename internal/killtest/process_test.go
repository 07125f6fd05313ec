//go:build unix

package killtest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take before a test gives up.
const patience = time.Minute

// process is a running kisi-sync.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	out     output
	ended   chan struct{} // closed when it is gone
	watched chan error    // how its gate ended
}

// output collects what a process says, on both streams. It can be waited for.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed and replaced when there is more
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.grown != nil {
		close(o.grown)
		o.grown = nil
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// more returns the text so far and a channel that is closed when there is more.
func (o *output) more() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.grown == nil {
		o.grown = make(chan struct{})
	}
	return o.text.String(), o.grown
}

// start runs kisi-sync on the files of a world.
func (w *world) start(l launching, g *gate, args ...string) *process {
	w.t.Helper()
	p, err := w.tries(l, g, args...)
	w.must(err)
	return p
}

// tries is start where that may not be possible.
func (w *world) tries(l launching, g *gate, args ...string) (*process, error) {
	p := w.prepared(args...)
	watch, err := p.prepare(l)
	if err != nil {
		return nil, err
	}
	return p, w.launched(p, func() error { return watch(g) })
}

// prepared is a process before it is started.
func (w *world) prepared(args ...string) *process {
	p := &process{t: w.t, ended: make(chan struct{}), watched: make(chan error, 1)}
	args = append(args, "--config", filepath.Join(w.dir, "config.yaml"))
	p.cmd = exec.Command(os.Getenv(binaryVariable), args...)
	p.cmd.Env = append(os.Environ(), "KILLTEST_AHEAD="+w.ahead().String(), "NO_COLOR=1")
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	return p
}

// launched starts it, and has somebody watch and wait.
func (w *world) launched(p *process, watch func() error) error {
	w.begin(p)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() { p.watched <- watch() }()
	go func() {
		_ = p.cmd.Wait() // how it ended is in its state
		close(p.ended)
	}()
	w.t.Cleanup(p.kill)
	return nil
}

// prepare has the process started by the launcher, if it needs one.
func (p *process) prepare(l launching) (watch func(*gate) error, err error) {
	watch = func(*gate) error { return nil }
	if l == (launching{}) {
		return watch, nil
	}
	how, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	p.cmd.Path = os.Args[0]
	p.cmd.Env = append(p.cmd.Env, launchVariable+"="+string(how))
	if l.Gated {
		keep, err := openGate(p.cmd)
		return func(g *gate) error { return keep(g.keep) }, err
	}
	return watch, nil
}

// kill ends it as kill -9 does, and returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// wait returns the exit code; -1 when it was killed.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.kill()
		p.t.Fatalf("does not end; it said:\n%s", &p.out)
	}
	if err := <-p.watched; err != nil {
		p.t.Fatalf("the gate: %v\n%s", err, &p.out)
	}
	return p.cmd.ProcessState.ExitCode()
}

// says waits until it has said something; false if it ended without.
func (p *process) says(text string) bool {
	for {
		before, more := p.out.more()
		if strings.Contains(before, text) {
			return true
		}
		select {
		case <-more:
		case <-p.ended:
			return strings.Contains(p.out.String(), text)
		case <-time.After(patience):
			return false
		}
	}
}

// runs runs kisi-sync to its end and expects an exit code.
func (w *world) runs(want int, args ...string) *process {
	w.t.Helper()
	p := w.start(launching{}, nil, args...)
	if code := p.wait(); code != want {
		w.t.Fatalf("%s ends with %d, want %d:\n%s", strings.Join(args, " "), code, want, &p.out)
	}
	return p
}

// said fails when the output lacks any of some texts.
func (p *process) said(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.out.String(), text) {
			p.t.Errorf("did not say %q, but:\n%s", text, &p.out)
		}
	}
}
