// Package sdnotify tells the service manager how this process is: ready, reloading, stopping, alive, and one line of status.
//
// The protocol is that of sd_notify(3): datagrams of NAME=value lines to the socket that NOTIFY_SOCKET names. Where there is no
// such manager (a terminal, Windows, macOS) there is a nil [Notifier], which says nothing and never fails, so that nobody has to
// ask. It must not read the environment itself, nor start anything.
package sdnotify

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Notifier speaks to the service manager. A nil one speaks to nobody. It is immutable and safe for concurrent use.
type Notifier struct {
	socket   string
	watchdog time.Duration
}

// New reads what the service manager said in the environment (nil means: nothing) to the process with this pid. Without a
// NOTIFY_SOCKET it returns nil and no error. What it cannot understand is an error: a service that cannot say that it is ready
// would be killed for that later, without a word.
func New(lookupEnv func(name string) (string, bool), pid int) (*Notifier, error) {
	env := func(name string) string {
		if lookupEnv == nil {
			return ""
		}
		value, _ := lookupEnv(name)
		return value
	}
	n := &Notifier{socket: env("NOTIFY_SOCKET")}
	switch {
	case n.socket == "":
		return nil, nil
	case n.socket[0] != '/' && n.socket[0] != '@': // a path, or a name in the abstract namespace
		return nil, fmt.Errorf("NOTIFY_SOCKET: %q is no unix socket", n.socket)
	}
	// sd_watchdog_enabled(3): the interval is meant for one process, which WATCHDOG_PID names.
	usec, forPID := env("WATCHDOG_USEC"), env("WATCHDOG_PID")
	if usec == "" || forPID != "" && forPID != strconv.Itoa(pid) {
		return n, nil
	}
	interval, err := strconv.ParseInt(usec, 10, 64)
	if err != nil || interval <= 0 || interval > int64(1<<63-1)/int64(time.Microsecond) {
		return nil, fmt.Errorf("WATCHDOG_USEC: %q is no interval", usec)
	}
	n.watchdog = time.Duration(interval) * time.Microsecond
	return n, nil
}

// Every returns how often [Notifier.Alive] wants to be called: half of the time after which the manager takes the process for
// hung. Zero means that nobody watches.
func (n *Notifier) Every() time.Duration {
	if n == nil {
		return 0
	}
	return n.watchdog / 2
}

// Ready says that the service does its work, after the start and after each reload.
func (n *Notifier) Ready() error { return n.send("READY=1") }

// Reloading says that the configuration is being read anew. [Notifier.Ready] ends it, whether the new one was taken or not.
func (n *Notifier) Reloading() error {
	usec, err := monotonic() // the manager tells by it which reload is meant
	if err != nil {
		return fmt.Errorf("read the monotonic clock: %w", err)
	}
	return n.send("RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(usec, 10))
}

// Stopping says that the service ends because it was asked to.
func (n *Notifier) Stopping() error { return n.send("STOPPING=1") }

// Alive feeds the watchdog. Call it from the loop whose standstill would be the fault, not from a timer beside it.
func (n *Notifier) Alive() error { return n.send("WATCHDOG=1") }

// Status sets the line that `systemctl status` shows. Line ends within it become spaces, because a line is a message of its own.
func (n *Notifier) Status(text string) error {
	return n.send("STATUS=" + strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " "))
}

// send writes one datagram. It dials each time, as the manager may have been replaced in between.
func (n *Notifier) send(message string) (err error) {
	if n == nil {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.Write([]byte(message)); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}
