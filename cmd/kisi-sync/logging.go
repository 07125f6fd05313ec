package main

import (
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/logs"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// startLog makes the log that everything from here on writes to. Where it goes and how it is written stays; its level follows the file.
func (s *service) startLog(l config.Log) {
	s.setLevel(l)
	handler := s.events
	if handler == nil {
		handler = localLog(l.Format, s.ui.Err, &s.threshold)
	}
	s.log = slog.New(handler)
	if s.sender = syslogOf(l, &s.threshold, s.log); s.sender != nil {
		s.log = slog.New(slog.NewMultiHandler(handler, s.sender))
	}
	s.ui.Log = s.log
}

// endLog sends what still waits. What ended the daemon is said on standard error by whoever prints it, and to a syslog server here.
func (s *service) endLog(err error) {
	if s.sender == nil {
		return
	}
	if err != nil {
		slog.New(s.sender).Error("the daemon has ended", "err", inWords(err))
	}
	s.sender.Close(lastLines)
}

// lastLines is how long the end of the process waits for a syslog server to take the last lines.
const lastLines = 2 * time.Second

func (s *service) setLevel(l config.Log) {
	s.threshold.Set(l.Level)
	var said slog.Level
	if s.level != "" && said.UnmarshalText([]byte(s.level)) == nil { // begin has refused what is no level
		s.threshold.Set(said)
	}
}

// localLog writes lines as log.format says.
func localLog(format string, to io.Writer, level slog.Leveler) slog.Handler {
	if f, ok := to.(*os.File); ok && format == "auto" && logs.IntoJournal(f, os.Getenv) {
		format = "journal"
	}
	switch format {
	case "journal":
		return logs.NewJournal(to, level)
	case "json":
		return slog.NewJSONHandler(to, &slog.HandlerOptions{Level: level})
	}
	return slog.NewTextHandler(to, &slog.HandlerOptions{Level: level})
}

// syslogOf returns what sends lines to the syslog server of the file, nil if it names none. It is closed when nothing more is logged.
func syslogOf(l config.Log, level slog.Leveler, local *slog.Logger) *logs.Syslog {
	if l.Syslog.Address == (syslog.Address{}) {
		return nil
	}
	host, _ := os.Hostname() // which is said where it is known
	return logs.NewSyslog(logs.Options{Address: l.Syslog.Address, CA: l.Syslog.CA, Host: host, Process: strconv.Itoa(os.Getpid()), Level: level, Local: local})
}

// logToSyslog sends the log of a verb that writes to the syslog server of the file, too: what it does is what the daemon would do.
func (s *session) logToSyslog() {
	local := s.ui.Log
	sender := syslogOf(s.settings.Log, s.settings.Log.Level, local)
	if sender == nil {
		return
	}
	s.ui.Log = slog.New(slog.NewMultiHandler(local.Handler(), sender))
	s.closers = append(s.closers, closing(func() error {
		s.ui.Log = local
		sender.Close(lastLines)
		return nil
	}))
}

// closing is an io.Closer.
type closing func() error

func (c closing) Close() error { return c() }
