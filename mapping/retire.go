package mapping

import (
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// retire goes up the ladder of somebody who left and whom we suspended: what we gave is taken after a time, and the user is deleted after
// another, if the file says so. Both count from the suspension, and only while a directory that was read goes on saying that
// the person is gone. Whoever is exempt stays where he is, and so does whoever is blocked: that is an operator's word, not a leaving.
func (m *mapper) retire(a, human uint32, w *access.Wish, d decision) decision {
	account := &m.ledger()[a]
	link := &account.Link
	rungs, ok := m.leavers.After[d.cause.Kind]
	if !ok || d.standing != access.Suspend || link.Suspended == nil || link.SuspendedAt == 0 || link.Suspended.Kind == access.Blocked {
		return d
	}
	read, ok := m.lastReadOf(account)
	if !ok || m.exempt(a, human) != nil {
		return d
	}
	since := link.SuspendedAt.Time()
	if len(account.Owned) > 0 && m.passed(since, rungs.Revoke, read) {
		w.Losses = m.allOwned(account, m.retained(d.cause, link.SuspendedAt))
	}
	if m.passed(since, rungs.Delete, read) {
		return decision{access.Remove, m.retained(d.cause, link.SuspendedAt)}
	}
	return d
}

// passed says that a wait was over when the directory was last read. One that is not will change the answer.
func (m *mapper) passed(since time.Time, wait time.Duration, read time.Time) bool {
	if wait < 0 {
		return false
	}
	ends := since.Add(wait)
	if ends.After(m.in.At) {
		m.wakeAt(ends)
	}
	return !ends.After(read)
}

func (m *mapper) retained(why access.Cause, since access.Instant) access.Cause {
	return access.Cause{Kind: access.Retained, Text: fmt.Sprintf("%s, and suspended since %s", why.Text, m.day(since))}
}

// lastReadOf returns until when all sources that an account is linked to are known to say what they say; false when one was never read.
func (m *mapper) lastReadOf(account *access.Account) (time.Time, bool) {
	read := m.in.At
	for _, anchor := range account.Link.Anchors {
		id, _ := m.cut(anchor)
		s := m.sourceWithID(id)
		if s < 0 {
			continue // it left the file
		}
		if m.unread[s] {
			return read, false
		}
		if at := m.lastRead(m.view.Source(id)); at.Before(read) {
			read = at
		}
	}
	return read, true
}

func (m *mapper) allOwned(account *access.Account, why access.Cause) []access.Loss {
	out := m.losses.take(len(account.Owned))
	n := m.causes.number(why)
	for i := range account.Owned {
		out[i] = access.Loss{Group: account.Owned[i].Group, Cause: n}
	}
	return out
}
