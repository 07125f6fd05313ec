package store

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// What a caller decides by. Everything else that goes wrong is text.
var (
	// ErrLocked: another process has the file open. Ask that one instead.
	ErrLocked = errors.New("another kisi-sync has it open; stop that one, or ask it")
	// ErrNewer: the file was written by a later version of kisi-sync. It was not touched.
	ErrNewer = errors.New("written by a newer kisi-sync; install that version or a later one")
	// ErrOther: the file belongs to another organization or another installation.
	ErrOther = errors.New("belongs elsewhere")
	// ErrDamaged: what is in the file is not what was written.
	ErrDamaged = errors.New("damaged; state check says what it concerns, state restore puts a backup in its place, and state rebuild begins " +
		"anew: kisi-sync then knows the users that it made by their stamps, but no longer which rights it gave")
	// ErrUnwritable: the disk is full, broken or may not be written. What was to be written is not, and what was there still is; in the rare
	// case that the disk fails at the very last, it may be written all the same.
	ErrUnwritable = errors.New("cannot be written")
	// ErrBroken: a line of the audit trail does not fit those before it. It is an ErrDamaged.
	ErrBroken = fmt.Errorf("the trail is broken there, and what comes after cannot be relied on: %w", ErrDamaged)
	// ErrAltered: the audit trail is not the one that was anchored elsewhere.
	ErrAltered = errors.New("not the trail that was anchored")
	// ErrUntold: the audit trail cannot answer the question.
	ErrUntold = errors.New("the audit trail does not tell")
	// ErrNoPin: there is no such exception.
	ErrNoPin = errors.New("no such block or exemption")
	// ErrNoPlan: what waits for a decision is not the plan that was named.
	ErrNoPlan = errors.New("not the plan that waits now; look at what waits, and decide about that")
	// ErrNoHold: there is no held step of that id.
	ErrNoHold = errors.New("no such held step")
	// ErrNoDrift: nothing that somebody did in Kisi has that id, or several things have.
	ErrNoDrift = errors.New("nothing that differs has this id alone")
	// ErrPreview: nothing is carried out while only looking ahead.
	ErrPreview = errors.New("only looking ahead: nothing is carried out")
)

// damaged names a row that is not what was written.
func damaged(bucket string, key []byte) error {
	return fmt.Errorf("row %q of %s: %w", key, bucket, ErrDamaged)
}

// rescue turns into an error what happens when the file makes no sense or cannot be read: bbolt panics with text, or reaches beyond what
// there is, and memory that stands for a part of the file which the disk does not give faults. Any other panic stays one. It is deferred with the answer of
// expectFaults.
func rescue(faults bool, err *error) {
	r := recover()
	debug.SetPanicOnFault(faults)
	switch r := r.(type) {
	case nil:
	case string:
		*err = fmt.Errorf("%s: %w", strings.TrimSpace(r), ErrDamaged)
	case interface {
		error
		Addr() uintptr
	}:
		*err = fmt.Errorf("%w: %w", r, ErrDamaged)
	case runtime.Error:
		if !raisedByBolt() {
			panic(r)
		}
		*err = fmt.Errorf("%w: %w", r, ErrDamaged)
	default:
		panic(r)
	}
}

// raisedByBolt says that the panic which is being rescued began in bbolt: the frames below that of the panic are still there.
func raisedByBolt() bool {
	const most = 64
	pcs := make([]uintptr, most)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		case !more:
			return false
		}
	}
}

// expectFaults makes a fault a panic in this goroutine, until rescue.
func expectFaults() bool { return debug.SetPanicOnFault(true) }
