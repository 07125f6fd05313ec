package store

import (
	"context"

	"github.com/kisi-sync/kisi-sync/internal/access"
)

func catalogKey() []byte { return []byte("catalog") }

// Catalog returns what there was in the organization when it was last looked at; nil when it never was.
func (s *Store) Catalog(ctx context.Context) (*access.Catalog, error) {
	var c access.Catalog
	known := false
	err := s.view(ctx, metaBucket, func(t *txn) (err error) {
		known, err = t.get(metaBucket, catalogKey(), &c)
		return err
	})
	if err != nil || !known {
		return nil, err
	}
	return &c, nil
}

// SaveCatalog keeps what there is in the organization.
func (s *Store) SaveCatalog(ctx context.Context, c *access.Catalog) error {
	return s.update(ctx, metaBucket, func(t *txn) error { return t.put(metaBucket, catalogKey(), c) })
}
