//go:build !windows

package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// clerk is a daemon's Ops that writes down what it was asked.
type clerk struct {
	mu     sync.Mutex
	asked  []string
	refuse error
}

func (c *clerk) note(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, fmt.Sprintf(format, args...))
	return c.refuse
}

func (c *clerk) Status(context.Context) (record.Status, error) {
	return record.Status{Mode: "full", Sources: []record.SourceHealth{{Name: "corp", Watching: true}}}, c.note("status")
}

func (c *clerk) Sync(_ context.Context, w record.Wish) (record.Run, error) {
	return record.Run{ID: 7, Asked: w.By}, c.note("sync full=%v by %s", w.Full, w.By)
}

func (c *clerk) Reload(_ context.Context, by string) error { return c.note("reload by %s", by) }
func (c *clerk) Pause(_ context.Context, s record.Said) error {
	return c.note("pause by %s: %s", s.By, s.Why)
}
func (c *clerk) Resume(_ context.Context, s record.Said) error {
	return c.note("resume by %s: %s", s.By, s.Why)
}

// office is a server on a socket in a folder of its own, and a client of it.
type office struct {
	clerk  *clerk
	client *Client
	socket string
	is     Identity
}

func open(t *testing.T, commands Commands) *office {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "a.sock")
	l, err := Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{clerk: &clerk{}, client: NewClient(socket), socket: socket, is: Identity{Installation: "berlin-1", State: "/var/lib/a.db", PID: os.Getpid()}}
	s := New(Options{Identity: o.is, Ops: o.clerk, Commands: commands, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if _, err := os.Stat(socket); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	return o
}

func me(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

func TestWhoAskedIsWhatTheKernelSays(t *testing.T) {
	o, ctx := open(t, nil), t.Context()
	if _, err := o.client.Sync(ctx, record.Wish{Full: true, By: "the pope"}); err != nil {
		t.Fatal(err)
	}
	if err := o.client.Pause(ctx, record.Said{By: "the pope", Why: "ticket 4711"}); err != nil {
		t.Fatal(err)
	}
	if err := o.client.Reload(ctx, "the pope"); err != nil {
		t.Fatal(err)
	}
	if err := o.client.Resume(ctx, record.Said{}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("sync full=true by %[1]s;pause by %[1]s: ticket 4711;reload by %[1]s;resume by %[1]s: ", me(t))
	if got := strings.Join(o.clerk.asked, ";"); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestOfRootAloneItIsBelievedWhoCalledSudo(t *testing.T) {
	q := request{Sudo: "lea"}
	u, err := user.LookupId("0")
	if err != nil {
		t.Fatal(err)
	}
	if got := q.who(u.Username); got != "lea as root" {
		t.Errorf("root: %q", got)
	}
	if got := q.who("bo"); got != "bo" {
		t.Errorf("bo: %q", got)
	}
}

func TestWhatTheDaemonSaysArrives(t *testing.T) {
	o, ctx := open(t, nil), t.Context()
	s, err := o.client.Status(ctx)
	if err != nil || s.Mode != "full" || len(s.Sources) != 1 || !s.Sources[0].Watching {
		t.Errorf("%+v, %v", s, err)
	}
	o.clerk.refuse = errors.New("it is paused")
	if _, err := o.client.Sync(ctx, record.Wish{}); err == nil || err.Error() != "it is paused" {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheOwnerCanOpenTheSocket(t *testing.T) {
	o := open(t, nil)
	info, err := os.Stat(o.socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestADaemonIsKnownByItsInstallationAndState(t *testing.T) {
	o, ctx := open(t, nil), t.Context()
	if got, err := o.client.Find(ctx, o.is); err != nil || got != o.is {
		t.Errorf("%+v, %v", got, err)
	}
	for _, want := range []Identity{{Installation: "hamburg-1", State: o.is.State}, {Installation: o.is.Installation, State: "/elsewhere.db"}} {
		if _, err := o.client.Find(ctx, want); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "berlin-1") {
			t.Errorf("looking for %+v: %v", want, err)
		}
	}
}

func TestNoDaemonIsNobody(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "a.sock")
	if _, err := NewClient(socket).Find(t.Context(), Identity{}); !errors.Is(err, ErrNobody) {
		t.Errorf("no socket: %v", err)
	}
	abandon(t, socket)
	if _, err := NewClient(socket).Find(t.Context(), Identity{}); !errors.Is(err, ErrNobody) {
		t.Errorf("a socket that a dead daemon left: %v", err)
	}
}

// abandon leaves a socket as a daemon does that was killed.
func abandon(t *testing.T, socket string) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestASocketThatADeadDaemonLeftIsTakenOver(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "a.sock")
	abandon(t, socket)
	l, err := Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestASocketOnWhichSomebodyAnswersIsNotTakenOver(t *testing.T) {
	o := open(t, nil)
	if _, err := Listen(o.socket); !errors.Is(err, ErrOther) {
		t.Errorf("got %v", err)
	}
	if _, err := o.client.Find(t.Context(), o.is); err != nil {
		t.Errorf("the first one does not answer any more: %v", err)
	}
}

func TestWhatIsNoSocketIsNotTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sock")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "something else has this name") {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("the file is %q now", text)
	}
	if _, err := Listen("/" + strings.Repeat("a", 120)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long path: %v", err)
	}
}

func TestAHungDaemonIsToldApartFromNone(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "a.sock")
	l, err := net.Listen("unix", socket) // it takes connections, and nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := NewClient(socket).Find(t.Context(), Identity{}); !errors.Is(err, ErrSilent) {
		t.Errorf("got %v", err)
	}
}

func TestACommandIsCarriedOutInTheDaemon(t *testing.T) {
	var got Command
	o := open(t, func(ctx context.Context, c Command) int {
		got = c
		fmt.Fprint(c.Out, strings.Repeat("x", 200_000))
		fmt.Fprint(c.Err, "about to ask")
		answer, err := c.Ask(ctx, "really? ")
		fmt.Fprintf(c.Out, "|%s|%v", answer, err)
		return 3
	})
	var out, said bytes.Buffer
	code, err := o.client.Command(t.Context(), Command{
		Args: []string{"apply", "--yes"}, Dir: "/somewhere", Out: &out, Err: &said, Terminal: Terminal{Colors: true, Width: 90},
		Ask: func(_ context.Context, text string) (string, error) { return "answer to " + text, nil },
	})
	if err != nil || code != 3 {
		t.Errorf("code %d, %v", code, err)
	}
	if want := strings.Repeat("x", 200_000) + "|answer to really? |<nil>"; out.String() != want || said.String() != "about to ask" {
		t.Errorf("out has %d bytes, want %d; err %q", out.Len(), len(want), said.String())
	}
	if got.By != me(t) || got.Dir != "/somewhere" || len(got.Args) != 2 || got.Terminal.Width != 90 {
		t.Errorf("carried out %+v", got)
	}
}

func TestTheLogNamesTheVerbAndNothingElse(t *testing.T) {
	for want, lines := range map[string][]string{
		"sync":   {"sync --person ana@example.com", "--json -c /etc/x.yaml sync", "--config x.yaml --log debug sync", "--config=x.yaml sync ana"},
		"status": {"status", "--json status"},
		"":       {"", "-c x.yaml", "--help"},
	} {
		for _, line := range lines {
			if got := verb(strings.Fields(line)); got != want {
				t.Errorf("%s: %q, want %q", line, got, want)
			}
		}
	}
}

func TestWithNobodyToAskTheDaemonKnows(t *testing.T) {
	o := open(t, func(_ context.Context, c Command) int {
		if c.Ask != nil {
			return 1
		}
		return 0
	})
	if code, err := o.client.Command(t.Context(), Command{}); err != nil || code != 0 {
		t.Errorf("code %d, %v", code, err)
	}
}

func TestAnInterruptedCommandEndsByItself(t *testing.T) {
	begun := make(chan struct{})
	o := open(t, func(ctx context.Context, c Command) int {
		close(begun)
		<-ctx.Done()
		fmt.Fprint(c.Err, "finished what was begun")
		return 1
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	var said bytes.Buffer
	code, err := o.client.Command(ctx, Command{Err: &said})
	if err != nil || code != 1 || said.String() != "finished what was begun" {
		t.Errorf("code %d, %v, said %q", code, err, said.String())
	}
}

func TestACallerWhoGoesEndsTheCommand(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	o := open(t, func(ctx context.Context, c Command) int {
		close(begun)
		_, err := c.Ask(ctx, "still there? ")
		ended <- err
		return 0
	})
	q := request{Asks: true}
	resp, err := o.client.send(t.Context(), "POST", commandPath, q, map[string][]string{"Connection": {"Upgrade"}, "Upgrade": {upgrade}})
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the question was answered by nobody")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the command still waits")
	}
}

func TestAMistakeInAVerbDoesNotEndTheDaemon(t *testing.T) {
	o := open(t, func(context.Context, Command) int { panic("oops") })
	var said bytes.Buffer
	code, err := o.client.Command(t.Context(), Command{Err: &said})
	if err != nil || code != 1 || !strings.Contains(said.String(), "error: kisi-sync met a mistake of its own: oops") {
		t.Errorf("code %d, %v, said %q", code, err, said.String())
	}
	if _, err := o.client.Find(t.Context(), o.is); err != nil {
		t.Errorf("the daemon does not answer any more: %v", err)
	}
}

func TestTooManyCommandsAreRefusedAndNotQueued(t *testing.T) {
	begun, end := make(chan struct{}, mostCommands), make(chan struct{})
	o := open(t, func(context.Context, Command) int {
		begun <- struct{}{}
		<-end
		return 0
	})
	var all sync.WaitGroup
	for range mostCommands {
		all.Go(func() {
			if code, err := o.client.Command(t.Context(), Command{}); err != nil || code != 0 {
				t.Errorf("code %d, %v", code, err)
			}
		})
	}
	for range mostCommands {
		<-begun
	}
	if _, err := o.client.Command(t.Context(), Command{}); err == nil || !strings.Contains(err.Error(), "under way already") {
		t.Errorf("one more: %v", err)
	}
	close(end)
	all.Wait()
}

func TestADaemonThatStopsEndsItsCommandsFirst(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "a.sock")
	l, err := Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	s := New(Options{Ops: &clerk{}, Log: slog.New(slog.DiscardHandler), Commands: func(ctx context.Context, _ Command) int {
		close(begun)
		<-ctx.Done()
		return 1
	}})
	ctx, cancel := context.WithCancel(t.Context())
	served, code := make(chan error, 1), make(chan int, 1)
	go func() { served <- s.Serve(ctx, l) }()
	go func() {
		n, err := NewClient(socket).Command(context.Background(), Command{})
		if err != nil {
			t.Errorf("the caller: %v", err)
		}
		code <- n
	}()
	<-begun
	cancel()
	if n := <-code; n != 1 {
		t.Errorf("code %d", n)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
