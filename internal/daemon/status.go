package daemon

import (
	"context"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/record"
)

// Status says how the daemon is. It returns at once, whatever is under way.
func (d *Daemon) Status(ctx context.Context) (s record.Status, err error) {
	err = d.tell(ctx, func() { s = d.status() })
	return s, err
}

func (d *Daemon) status() record.Status {
	s := record.Status{Version: d.o.Version, Installation: d.shift.Installation, Mode: d.shift.Mode, Started: d.started, Paused: d.pause,
		NextChanges: d.shift.changes.next, NextFull: d.shift.full.next, NextDue: d.due, Refused: d.reload.refused,
		Failing: d.failing, Failures: d.failures, LeaversWait: d.leaversWait()}
	for _, r := range d.shift.readers {
		s.Sources = append(s.Sources, d.health(r))
	}
	if d.running != nil {
		s.UnderWay = d.running.underWay(d.now())
	}
	return s
}

// leaversWait says that somebody has to lose access and has not yet, as far as is known: also while a run tries, which takes minutes when
// Kisi does not answer.
func (d *Daemon) leaversWait() bool {
	return d.leavers || d.running != nil && d.running.reach == theLeavers
}

func (d *Daemon) health(r *reader) record.SourceHealth {
	next := r.next
	if r.ReadEvery == 0 {
		next = d.shift.changes.next
	}
	return record.SourceHealth{Name: r.Name, Watching: r.watching, NotWatched: r.deaf, Reading: r.reading, Next: next, Failures: r.failures}
}

func (r *running) underWay(now time.Time) *record.UnderWay {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := &record.UnderWay{Began: r.began, Full: r.reach == everybody, Asked: r.asked, Tried: r.tried, Todo: r.todo, Doing: r.doing}
	if r.tried > 1 { // the first one began the clock
		each := now.Sub(r.since) / time.Duration(r.tried-1)
		u.Left = record.Seconds((each * time.Duration(r.todo-r.tried)).Round(time.Second).Seconds())
	}
	return u
}
