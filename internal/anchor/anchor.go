// Package anchor keeps the audit trail in places that whoever can write the state file cannot: its head in a file elsewhere or on a
// syslog server, all its lines on a syslog server.
//
// It promises that after Keep every place has the trail's head, or the error says which has not; that one is tried again the next time. It
// must not hold up a run: Keep ends in a few seconds whatever a place does. Send leaves no line out
// and lets no later one overtake it, over outages and restarts.
package anchor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/internal/syslog"
)

// Place is where heads are kept. Its name says which it is, in errors and in the state file.
type Place interface {
	Put(ctx context.Context, a record.Anchor) error
	String() string
}

// Trail is the audit trail. Anchored and SaveAnchored remember what a place was given last.
type Trail interface {
	AuditHead(ctx context.Context) (record.Head, error)
	Anchored(ctx context.Context, place string) (record.Anchor, error)
	SaveAnchored(ctx context.Context, place string, a record.Anchor) error
}

// Keeper brings the head of one trail to its places. All exported fields are required. Its methods may be called by one goroutine at a
// time.
type Keeper struct {
	Installation string
	Places       []Place
	Trail        Trail
	Now          func() time.Time

	hanging map[string]chan error // what a place was given and has not answered to
}

// atMost is how long Keep takes at most, all places together: meanwhile no other run begins.
const atMost = 5 * time.Second

// Keep gives the head to each place that does not have it yet.
func (k *Keeper) Keep(ctx context.Context) error {
	head, err := k.Trail.AuditHead(ctx)
	if err != nil || head.Number == 0 {
		return err
	}
	var all []error
	for _, place := range k.Places {
		if err := k.keep(ctx, place, head); err != nil {
			all = append(all, fmt.Errorf("anchor the audit trail in %s: %w", place, err))
		}
	}
	return errors.Join(all...)
}

func (k *Keeper) keep(ctx context.Context, place Place, head record.Head) error {
	last, err := k.Trail.Anchored(ctx, place.String())
	if err != nil || last.Head.String() == head.String() {
		return err
	}
	a := record.Anchor{At: k.Now().UTC().Truncate(time.Second), Installation: k.Installation, Head: head}
	if err := k.put(ctx, place, a); err != nil {
		return err
	}
	return k.Trail.SaveAnchored(ctx, place.String(), a)
}

// put waits for a place until ctx ends. A file on a server that is gone may hang for ever, and nothing can be done to it: it is left alone
// then, and given nothing more until it has answered.
func (k *Keeper) put(ctx context.Context, place Place, a record.Anchor) error {
	name := place.String()
	if earlier := k.hanging[name]; earlier != nil {
		select {
		case <-earlier:
			delete(k.hanging, name)
		default:
			return errHangs
		}
	}
	ctx, cancel := context.WithTimeout(ctx, atMost/time.Duration(len(k.Places)))
	defer cancel()
	answer := make(chan error, 1)
	go func() { answer <- place.Put(ctx, a) }()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		if k.hanging == nil {
			k.hanging = map[string]chan error{}
		}
		k.hanging[name] = answer
		return fmt.Errorf("no answer: %w", ctx.Err())
	}
}

var errHangs = errors.New("it has not answered yet to what it was given earlier")

// File is a file on another machine, or on a disk that only takes what is appended. It is made when it is not there; its folder must be.
type File struct{ Path string }

// String names the file.
func (f File) String() string { return f.Path }

// Put appends a line, and returns when it is on the disk.
func (f File) Put(_ context.Context, a record.Anchor) error {
	file, err := os.OpenFile(f.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(a.String() + "\n") // in one write, so that lines of two installations never mix
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// Syslog is a syslog server. CA is a file of the authorities that vouch for it, in PEM; "" is those of the system.
type Syslog struct {
	Address syslog.Address
	CA      string
}

// String names the server.
func (s Syslog) String() string { return s.Address.String() }

// Put sends a message with the anchor as its text, and the same as structured data.
func (s Syslog) Put(ctx context.Context, a record.Anchor) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // which is said where it is known
	err = c.Send(ctx, &syslog.Message{Facility: syslog.Audit, Severity: syslog.Notice, Time: a.At, Host: host, App: "kisi-sync",
		Process: strconv.Itoa(os.Getpid()), ID: "audit-head", Text: "audit trail: " + a.String()})
	return errors.Join(err, c.Close())
}

func (s Syslog) dial(ctx context.Context) (*syslog.Client, error) {
	config, err := syslog.Trust(s.CA)
	if err != nil {
		return nil, err
	}
	return syslog.Dial(ctx, s.Address, config)
}
