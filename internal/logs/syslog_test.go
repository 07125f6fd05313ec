package logs

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/child"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// server reads counted messages from all who connect, until it is closed.
type server struct {
	net.Listener
	got  chan string
	mu   sync.Mutex
	open []net.Conn
}

func listen(t *testing.T, at string) *server {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l, got: make(chan string, 5000)}
	t.Cleanup(s.stop)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open = append(s.open, conn)
			s.mu.Unlock()
			go s.read(conn)
		}
	}()
	return s
}

// held is an address at which nobody but this test's servers can listen.
func held(t *testing.T) string {
	t.Helper()
	ports, release, err := child.HoldPorts(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return "127.0.0.1:" + strconv.Itoa(ports[0])
}

func (s *server) read(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for r := bufio.NewReader(conn); ; {
		length, err := r.ReadString(' ')
		n, bad := strconv.Atoi(strings.TrimSpace(length))
		if err != nil || bad != nil {
			return
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		s.got <- string(b)
	}
}

func (s *server) stop() {
	_ = s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.open {
		_ = conn.Close()
	}
}

func (s *server) next(t *testing.T) string {
	t.Helper()
	select {
	case m := <-s.got:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no message came")
		return ""
	}
}

// local is a log of this machine.
type local struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *local) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *local) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// await waits until something was said; when that never happens, until go test's own time is up.
func (l *local) await(t *testing.T, text string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(l.String(), text) {
		<-tick.C
	}
}

func sending(t *testing.T, address string) (*Syslog, *slog.Logger, *local) {
	t.Helper()
	said := &local{}
	s := NewSyslog(Options{Address: syslog.Address{Network: "tcp", Host: address}, Host: "door", Process: "42", Level: slog.LevelInfo,
		Local: slog.New(slog.NewTextHandler(said, nil))})
	t.Cleanup(func() { s.Close(time.Second) })
	return s, slog.New(s), said
}

func TestLinesArriveWithTheirLevelsAsMessages(t *testing.T) {
	there := listen(t, "127.0.0.1:0")
	s, log, said := sending(t, there.Addr().String())
	log = log.With("source", "corp")
	log.Debug("not wanted")
	log.Info("run ended", "done", 1)
	log.Warn("Zürich\n<0>")
	log.Error("not read", "err", "a \"b\"\nc")
	for i, want := range []string{
		"<30>1 |door kisi-sync 42 log - run ended  source=corp done=1",
		"<28>1 |door kisi-sync 42 log - \ufeffZürich <0>  source=corp",
		`<27>1 |door kisi-sync 42 log - not read  source=corp err="a \"b\"\nc"`,
	} {
		got := there.next(t)
		begin, end, _ := strings.Cut(want, "|")
		if !strings.HasPrefix(got, begin+"20") || !strings.HasSuffix(got, end) {
			t.Errorf("%d: %q", i, got)
		}
	}
	if s.Close(5 * time.Second); said.String() != "" {
		t.Error(said)
	}
	log.Info("nobody waits for what comes later")
}

func TestAServerThatIsAwayStopsNobodyAndGetsWhatWaitedWithTheNumberOfWhatIsLost(t *testing.T) {
	address := held(t)
	there := listen(t, address)
	s, log, said := sending(t, address)
	log.Info("first")
	there.next(t)
	there.stop() // whoever is connected is hung up on
	const lines = waiting + 500
	for i := range lines {
		log.Info("line", "n", i)
	}
	said.await(t, "cannot be reached")
	again := listen(t, address)
	for i := range waiting { // in order, from the first; the sender may have held one more in its hand
		if m := again.next(t); i == 0 && !strings.HasSuffix(m, "n=0") && !strings.Contains(m, "lost=") {
			t.Fatalf("%q", m)
		}
	}
	s.Close(10 * time.Second)
	if got := said.String(); strings.Count(got, "cannot be reached") != 1 || !strings.Contains(got, "takes lines of the log again") ||
		!strings.Contains(got, "lost=499") && !strings.Contains(got, "lost=500") {
		t.Error(got)
	}
	if lost := s.Lost(); lost != 499 && lost != 500 || s.Waiting() != 0 {
		t.Errorf("%d lost, %d waiting", lost, s.Waiting())
	}
}

func TestClosingWaitsNoLongerThanItMayForAServerThatIsNotThere(t *testing.T) {
	s, log, said := sending(t, held(t))
	log.Info("one")
	log.Info("two")
	s.Close(5 * time.Second)
	if got := said.String(); !strings.Contains(got, "were not sent") || !strings.Contains(got, "lost=2") {
		t.Error(got)
	}
}

func TestAServerThatReadsNothingStopsNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by itself, up to the backlog, and never reads
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s, log, said := sending(t, l.Addr().String())
	for range 5 * waiting {
		log.Info("line", "text", strings.Repeat("x", 5000)) // more than the buffers of the system take
	}
	s.Close(100 * time.Millisecond)
	if !strings.Contains(said.String(), "lost=") {
		t.Error(said)
	}
}
