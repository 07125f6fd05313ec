package logs

import (
	"bytes"
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// Options say where lines go. Host, Process and CA may be empty; all else is required.
type Options struct {
	Address syslog.Address
	CA      string // for tls, the file of the authorities that vouch for the server, in PEM; "" is those of the system
	Host    string // of this machine
	Process string
	Level   slog.Leveler
	// Local is told when the server is away, and how many lines were lost. It must not lead back here.
	Local *slog.Logger
}

// Syslog is a [slog.Handler] that sends each line as a message to a syslog server, from a goroutine of its own. It never waits for
// the server: while that is away up to 1,000 lines wait, then the newer ones are dropped and counted. The server is tried again after a
// second, then less and less often, at least every minute. It is safe for concurrent use, and closed when it is not needed any more.
type Syslog struct {
	*framed
	o      Options
	queue  chan *syslog.Message
	lost   atomic.Uint64 // since it was said last
	never  atomic.Uint64 // all that were lost
	ctx    context.Context
	cancel context.CancelFunc
	ending chan struct{}
	once   sync.Once
	ended  chan struct{}

	// Of the goroutine.
	client *syslog.Client
	away   bool
}

const (
	waiting   = 1000 // lines: some minutes of a busy daemon, and less than a megabyte
	soonest   = time.Second
	seldomest = time.Minute
)

// NewSyslog returns a handler and begins to send. It connects with the first line.
func NewSyslog(o Options) *Syslog {
	s := &Syslog{o: o, queue: make(chan *syslog.Message, waiting), ending: make(chan struct{}), ended: make(chan struct{})}
	s.framed = newFramed(o.Level, []string{slog.TimeKey, slog.LevelKey, slog.MessageKey}, s.enqueue)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.run()
	return s
}

// Close sends what waits, if the server takes it within patience, and ends. Lines that come later are dropped.
func (s *Syslog) Close(patience time.Duration) {
	s.once.Do(func() { close(s.ending) })
	stop := time.AfterFunc(patience, s.cancel)
	defer stop.Stop()
	<-s.ended
	s.cancel()
}

func (s *Syslog) enqueue(r *slog.Record, line []byte) error {
	text := strings.TrimSpace(r.Message + "  " + string(bytes.TrimSpace(line)))
	m := s.message(severity(r.Level), text)
	m.Time = r.Time
	select {
	case s.queue <- m:
	default:
		s.lose()
	}
	return nil
}

func (s *Syslog) lose() {
	s.lost.Add(1)
	s.never.Add(1)
}

// Lost returns how many lines the server will never see.
func (s *Syslog) Lost() uint64 { return s.never.Load() }

// Waiting returns how many lines wait to be sent, but for the one that is being sent.
func (s *Syslog) Waiting() int { return len(s.queue) }

func (s *Syslog) message(severity syslog.Severity, text string) *syslog.Message {
	return &syslog.Message{Facility: syslog.Daemon, Severity: severity, Host: s.o.Host, App: "kisi-sync", Process: s.o.Process, ID: "log", Text: text}
}

// run sends until it is closed, and then what still waits.
func (s *Syslog) run() {
	defer close(s.ended)
	for {
		select {
		case m := <-s.queue:
			s.deliver(m)
		case <-s.ending:
			s.finish()
			return
		}
	}
}

func (s *Syslog) finish() {
	for more := true; more && s.ctx.Err() == nil; {
		select {
		case m := <-s.queue:
			more = s.deliver(m)
		default:
			more = false
		}
	}
	if left := s.lost.Swap(0) + uint64(len(s.queue)); left > 0 {
		s.o.Local.Warn("lines of the log were not sent to the syslog server", "server", s.o.Address.String(), "lost", left)
	}
	if s.client != nil {
		_ = s.client.Close() // what the server did not read cannot be sent again
	}
}

// deliver tries until the message is sent. It gives up only when this is to end.
func (s *Syslog) deliver(m *syslog.Message) bool {
	for pause := soonest; ; pause = min(2*pause, seldomest) {
		err := s.send(m)
		if err == nil {
			s.back()
			return true
		}
		s.gone(err)
		if !s.wait(pause) {
			s.lose()
			return false
		}
	}
}

// send sends over the connection that there is, or else over a new one: that an old one is broken says only that the server was restarted.
func (s *Syslog) send(m *syslog.Message) error {
	if s.client != nil {
		err := s.client.Broken()
		if err == nil {
			err = s.client.Send(s.ctx, m)
		}
		if err == nil {
			return nil
		}
		s.hangUp()
	}
	config, err := syslog.Trust(s.o.CA)
	if err != nil {
		return err
	}
	client, err := syslog.Dial(s.ctx, s.o.Address, config)
	if err != nil {
		return err
	}
	s.client = client
	if err = client.Send(s.ctx, m); err != nil {
		s.hangUp()
	}
	return err
}

func (s *Syslog) hangUp() {
	s.client.Drop()
	s.client = nil
}

// wait reports whether it is worth trying again later.
func (s *Syslog) wait(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ending:
		return false
	}
}

// gone says once that the server is away.
func (s *Syslog) gone(err error) {
	if !s.away {
		s.away = true
		s.o.Local.Warn("the syslog server cannot be reached; lines of the log wait for it, and are lost when there are too many", "err", err)
	}
}

// back says that the server is there again, and here and there how many lines it will never see.
func (s *Syslog) back() {
	lost := s.lost.Swap(0)
	if lost > 0 {
		m := s.message(syslog.Warning, "lines of this log were lost, as this server was away or slow  lost="+strconv.FormatUint(lost, 10))
		if s.client.Send(s.ctx, m) != nil {
			s.lost.Add(lost) // and is said the next time
			return
		}
	}
	if s.away || lost > 0 {
		s.away = false
		s.o.Local.Info("the syslog server takes lines of the log again", "server", s.o.Address.String(), "lost", lost)
	}
}
