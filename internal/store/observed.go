package store

import (
	"context"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// SaveObserved keeps how the members that we have accounts of were seen. A row that was written after the observation began stays
// as it is. A member who was looked for by id, or with everybody, and not found is gone (see gone). Accounts are made by calls,
// notes and Meet only; groups have nothing that an observation could change: what is in their accounts is what we did. What is new about anybody's
// access, or about a group's doors, is a line in the audit trail.
//
// Rows that say the same as before are not written, so an observation of everybody costs what has changed. It is several
// transactions when many have changed; each account is a fact by itself.
func (s *Store) SaveObserved(ctx context.Context, state *access.State) error {
	covered := slices.Clone(state.Covers.Members)
	slices.Sort(covered)
	o := &observation{state: state, covered: covered}
	if err := s.view(ctx, accountBucket, func(t *txn) error { return o.differing(ctx, t) }); err != nil {
		return err
	}
	for batch := range slices.Chunk(o.ids, s.sizes.accounts) {
		err := s.update(ctx, accountBucket, func(t *txn) error {
			w := s.witness(t)
			for _, id := range batch {
				if err := o.saw(t, w, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := s.saveDoors(ctx, state); err != nil {
		return err
	}
	if !state.Covers.All {
		return nil
	}
	outside, err := s.outside(ctx, state)
	if err != nil {
		return err
	}
	return s.update(ctx, metaBucket, func(t *txn) error {
		if err := t.put(metaBucket, outsideKey(), outside); err != nil {
			return err
		}
		return t.put(metaBucket, everybodyKey(), state.At)
	})
}

// Meet makes accounts of nobody for users that nothing is known of, so that SaveObserved keeps how they were seen. Who has an account
// keeps it.
func (s *Store) Meet(ctx context.Context, members []access.RemoteID) error {
	for batch := range slices.Chunk(members, s.sizes.accounts) {
		err := s.update(ctx, accountBucket, func(t *txn) error {
			for _, id := range batch {
				a, known, err := t.account(id)
				if err != nil {
					return err
				}
				if known {
					continue
				}
				if err := t.saveAccount(&a); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// observation is a state that is being kept.
type observation struct {
	state     *access.State
	covered   []access.RemoteID // sorted
	ids       []access.RemoteID // of the accounts that differ
	everybody access.Instant    // when everybody was last seen before
}

// after returns the account as it is after the observation; false when the observation says nothing about it, or nothing new.
func (o *observation) after(a *access.Account) (access.Account, bool) {
	m, found := o.state.Member(a.Known.ID)
	switch {
	case found:
	case o.covers(a.Known.ID):
		m = gone(a)
	default:
		return *a, false
	}
	next := a.Saw(*m, o.state.At)
	met := a.Known.Seen == 0 && next.Known.Seen != 0
	return next, met || !sameMember(&a.Known, &next.Known) || next.Link.Suspended != a.Link.Suspended
}

func (o *observation) covers(id access.RemoteID) bool {
	_, named := slices.BinarySearch(o.covered, id)
	return o.state.Covers.All || named
}

// differing collects the accounts about which the observation says something new. When only some members were looked for, only
// their accounts are read.
func (o *observation) differing(ctx context.Context, t *txn) error {
	var err error
	if o.everybody, err = t.everybodySeen(); err != nil {
		return err
	}
	if !o.state.Covers.All {
		for _, id := range o.looked() {
			a, known, err := o.account(t, id)
			if err != nil {
				return err
			}
			if _, differs := o.after(&a); known && differs {
				o.ids = append(o.ids, id)
			}
		}
		return nil
	}
	accounts, err := t.accounts(ctx)
	for i := range accounts {
		if _, differs := o.after(&accounts[i]); differs {
			o.ids = append(o.ids, accounts[i].Known.ID)
		}
	}
	return err
}

// looked returns the ids that were looked for and those that were found, sorted.
func (o *observation) looked() []access.RemoteID {
	ids := slices.Clone(o.covered)
	for i := range o.state.Members {
		ids = append(ids, o.state.Members[i].ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// account reads one account with the moment when it was really seen last.
func (o *observation) account(t *txn, id access.RemoteID) (access.Account, bool, error) {
	a, known, err := t.account(id)
	if a.Known.Seen != 0 {
		a.Known.Seen = max(a.Known.Seen, o.everybody)
	}
	return a, known, err
}

// saw brings one account up to date; it is read again, since a call may have been booked meanwhile.
func (o *observation) saw(t *txn, w *witness, id access.RemoteID) error {
	a, known, err := o.account(t, id)
	if err != nil || !known {
		return err
	}
	next, differs := o.after(&a)
	if !differs {
		return nil
	}
	if err := w.member(t, &a.Known, &next.Known); err != nil {
		return err
	}
	return t.saveAccount(&next)
}

// gone returns how a member is known who was looked for and is not there any more: by his id and when that was seen, without
// address, access or rights. His account keeps its link and what we gave, so that the plan can tell a user who was deleted by hand
// from one who never was.
func gone(a *access.Account) *access.Member { return &access.Member{ID: a.Known.ID} }

// isGone says that a member is known to be gone. One that was never seen is not: that is how a link begins.
func isGone(m *access.Member) bool { return m.Seen != 0 && m.Email == "" }

// sameMember says that two rows say the same, whenever they were seen.
func sameMember(a, b *access.Member) bool {
	return a.ID == b.ID && a.Email == b.Email && a.Name == b.Name && a.Enabled == b.Enabled && a.SCIMBlocked == b.SCIMBlocked &&
		a.Protected == b.Protected && a.Stamp == b.Stamp && slices.Equal(a.Grants, b.Grants)
}
