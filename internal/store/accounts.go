package store

import (
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// The row of an account, by member:
//
//	flags, protection, link's level
//	e-mail address, name, seen; the stamp if there is one
//	known grants: assignment, group, role, from, until
//	link: anchors, name unless it is the member's, since, cause of the suspension; since when nothing is owned, and since when
//	suspended, if that is known
//	owned grants: level, cause, since, and the number of the known grant that is alike from 1 on, or 0 and all its fields
//
// What is usually the same is written once: a right that we gave is usually there as we gave it.
const (
	flagEnabled = 1 << iota
	flagSCIM
	flagStamp
	flagSameName // of link and member
	flagBare     // the link says since when nothing is owned
	flagSuspendedAt
)

// accountRow writes the row of an account.
func (t *txn) accountRow(e *encoder, a *access.Account) error {
	e.begin()
	k, l := &a.Known, &a.Link
	for _, b := range []byte{accountFlags(a), byte(k.Protected), byte(l.Level)} {
		e.byte(b)
	}
	e.text(k.Email)
	e.text(k.Name)
	e.number(uint64(k.Seen))
	if k.Stamp != (access.Stamp{}) {
		e.text(k.Stamp.Installation)
		e.text(string(k.Stamp.Anchor))
	}
	e.number(uint64(len(k.Grants)))
	for i := range k.Grants {
		e.grant(k.Grants[i])
	}
	if err := t.linkRow(e, a); err != nil {
		return err
	}
	return t.ownedRows(e, a)
}

func accountFlags(a *access.Account) (flags byte) {
	if a.Known.Enabled {
		flags |= flagEnabled
	}
	if a.Known.SCIMBlocked {
		flags |= flagSCIM
	}
	if a.Known.Stamp != (access.Stamp{}) {
		flags |= flagStamp
	}
	if a.Link.Name == a.Known.Name {
		flags |= flagSameName
	}
	if a.Link.Bare != 0 {
		flags |= flagBare
	}
	if a.Link.SuspendedAt != 0 {
		flags |= flagSuspendedAt
	}
	return flags
}

func (t *txn) linkRow(e *encoder, a *access.Account) error {
	l := &a.Link
	e.number(uint64(len(l.Anchors)))
	for _, anchor := range l.Anchors {
		e.text(string(anchor))
	}
	if l.Name != a.Known.Name {
		e.text(l.Name)
	}
	e.number(uint64(l.Since))
	n, err := t.causeNumber(l.Suspended)
	e.number(n)
	if l.Bare != 0 {
		e.number(uint64(l.Bare))
	}
	if l.SuspendedAt != 0 {
		e.number(uint64(l.SuspendedAt))
	}
	return err
}

func (t *txn) ownedRows(e *encoder, a *access.Account) error {
	e.number(uint64(len(a.Owned)))
	for i := range a.Owned {
		o := &a.Owned[i]
		n, err := t.causeNumber(o.Cause)
		if err != nil {
			return err
		}
		e.byte(byte(o.Level))
		e.number(n)
		e.number(uint64(o.Since))
		alike := slices.Index(a.Known.Grants, grantOf(o)) + 1
		e.number(uint64(alike))
		if alike == 0 {
			e.grant(grantOf(o))
		}
	}
	return nil
}

// grantOf returns the right as it was written to Kisi.
func grantOf(o *access.OwnedGrant) access.Grant {
	return access.Grant{Assignment: o.Assignment, Group: o.Group, Role: o.Role, From: o.From, Until: o.Until}
}

func (e *encoder) grant(g access.Grant) {
	e.number(uint64(g.Assignment))
	e.number(uint64(g.Group))
	e.byte(byte(g.Role))
	e.number(uint64(g.From))
	e.number(uint64(g.Until))
}

// saveAccount writes an account.
func (t *txn) saveAccount(a *access.Account) error {
	var e encoder
	if err := t.accountRow(&e, a); err != nil {
		return err
	}
	key := numberKey(uint64(a.Known.ID))
	return t.putTallied(accountBucket, key, seal(key, e.row))
}

// account reads one account; one that is not there is empty but for its id.
func (t *txn) account(id access.RemoteID) (a access.Account, known bool, err error) {
	a.Known.ID = id
	key := numberKey(uint64(id))
	row := t.bucket(accountBucket).Get(key)
	if row == nil {
		return a, false, nil
	}
	r := accountReader{causeAt: func(n uint64) (*access.Cause, bool) { return causeAt(t.bucket(causeBucket), n) }}
	if !r.read(key, row, &a) {
		return a, true, damaged(accountBucket, key)
	}
	return a, true, nil
}
