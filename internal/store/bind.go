package store

import (
	"context"
	"fmt"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

// fingerprint says whose memory a file is.
type fingerprint struct {
	Organization access.RemoteID
	Name, Domain string
	Installation string
}

func fingerprintKey() []byte { return []byte("fingerprint") }

// Bind ties the file to an organization and an installation when it is tied to none, and refuses with ErrOther when it is tied
// to others: what is ours there is not ours here. An organization is known by its id; a new name or domain is taken over.
func (s *Store) Bind(ctx context.Context, o access.Organization, installation string) error {
	now := fingerprint{Organization: o.ID, Name: o.Name, Domain: o.Domain, Installation: installation}
	return s.update(ctx, metaBucket, func(t *txn) error {
		if err := t.fits(now); err != nil {
			return err
		}
		return t.put(metaBucket, fingerprintKey(), now)
	})
}

// fits compares a fingerprint with that of the file.
func (t *txn) fits(now fingerprint) error {
	var was fingerprint
	known, err := t.get(metaBucket, fingerprintKey(), &was)
	switch {
	case err != nil || !known:
		return err
	case was.Organization != now.Organization:
		return fmt.Errorf("made for the organization %s, this is %s: %w", was.organization(), now.organization(), ErrOther)
	case was.Installation != now.Installation:
		return fmt.Errorf("made for the installation %q, this is %q: %w", was.Installation, now.Installation, ErrOther)
	}
	return nil
}

func (f fingerprint) organization() string {
	return fmt.Sprintf("%q (domain %s, id %d)", f.Name, f.Domain, f.Organization)
}
