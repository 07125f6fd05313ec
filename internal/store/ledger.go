package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// everybodyKey holds when everybody was last observed. An observation of everybody would otherwise have to write every account
// anew, only to say that it was seen.
func everybodyKey() []byte { return []byte("everybody seen") }

// Ledger returns what is ours in Kisi, as of one moment. Accounts that are damaged or missing are ErrDamaged. Of two accounts
// that are linked to one anchor, the one whose user is gone is not linked to it any more.
func (s *Store) Ledger(ctx context.Context) (*access.Ledger, error) {
	ledger := access.NewLedger(nil, nil)
	err := s.view(ctx, accountBucket, func(t *txn) error {
		accounts, err := t.accounts(ctx)
		if err != nil {
			return err
		}
		groups, err := t.groups()
		if err != nil {
			return err
		}
		unlinkGone(accounts)
		ledger = access.NewLedger(accounts, groups)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ledger, nil
}

func (t *txn) accounts(ctx context.Context) ([]access.Account, error) {
	want, err := t.tally(accountBucket)
	if err != nil {
		return nil, err
	}
	causes, err := t.allCauses()
	if err != nil {
		return nil, err
	}
	everybody, err := t.everybodySeen()
	if err != nil {
		return nil, err
	}
	const block = 8192
	r := accountReader{block: int(min(block, 4*want.Rows)), causeAt: func(n uint64) (*access.Cause, bool) {
		if n >= uint64(len(causes)) {
			return nil, false
		}
		return causes[n], true
	}}
	const plenty = 1 << 22 // a tally is not believed before it was met
	accounts, got := make([]access.Account, 0, min(want.Rows, plenty)), tally{}
	err = t.each(accountBucket, func(key, row []byte) error {
		accounts = append(accounts, access.Account{})
		a := &accounts[len(accounts)-1]
		if !r.read(key, row, a) {
			return damaged(accountBucket, key)
		}
		if a.Known.Seen != 0 {
			a.Known.Seen = max(a.Known.Seen, everybody)
		}
		if got.add(sumOf(row)); got.Rows%contextEvery == 0 {
			return ctx.Err()
		}
		return nil
	})
	if err == nil && got != *want {
		err = fmt.Errorf("%d accounts of %d: %w", got.Rows, want.Rows, ErrDamaged)
	}
	return accounts, err
}

func (t *txn) everybodySeen() (at access.Instant, err error) {
	_, err = t.get(metaBucket, everybodyKey(), &at)
	return at, err
}

func (t *txn) groups() ([]access.GroupAccount, error) {
	want, err := t.tally(groupBucket)
	if err != nil {
		return nil, err
	}
	var groups []access.GroupAccount
	got := tally{}
	err = t.each(groupBucket, func(key, row []byte) error {
		var g access.GroupAccount
		if err := t.read(groupBucket, key, row, &g); err != nil {
			return err
		}
		got.add(sumOf(row))
		groups = append(groups, g)
		return nil
	})
	if err == nil && got != *want {
		err = fmt.Errorf("%d groups of %d: %w", got.Rows, want.Rows, ErrDamaged)
	}
	return groups, err
}

// group reads one group's account; one that is not there is empty.
func (t *txn) group(id access.RemoteID) (g access.GroupAccount, err error) {
	_, err = t.get(groupBucket, numberKey(uint64(id)), &g)
	return g, err
}

func (t *txn) saveGroup(g *access.GroupAccount) error {
	key := numberKey(uint64(g.ID))
	row, err := t.sealed(key, g)
	if err != nil {
		return err
	}
	return t.putTallied(groupBucket, key, row)
}

// unlinkGone takes anchors away from members who are gone when somebody else has them: a user who was deleted by hand and made
// again is a new one.
func unlinkGone(accounts []access.Account) {
	gone := map[access.Anchor]int{}
	for i := range accounts {
		if isGone(&accounts[i].Known) {
			for _, anchor := range accounts[i].Link.Anchors {
				gone[anchor] = i
			}
		}
	}
	if len(gone) == 0 {
		return
	}
	for i := range accounts {
		if isGone(&accounts[i].Known) {
			continue
		}
		for _, anchor := range accounts[i].Link.Anchors {
			if was, ok := gone[anchor]; ok {
				l := &accounts[was].Link
				l.Anchors = slices.DeleteFunc(l.Anchors, func(a access.Anchor) bool { return a == anchor })
			}
		}
	}
}
