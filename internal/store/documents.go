package store

import "context"

// Documents keeps a source's own documents across restarts, for sources that are pushed to.
type Documents struct {
	store  *Store
	source string
}

// Documents returns the documents of a source.
func (s *Store) Documents(source string) Documents { return Documents{s, source} }

// key keeps sources apart whatever is in their names.
func (d Documents) key(key string) []byte {
	var e encoder
	e.text(d.source)
	e.text(key)
	return e.row
}

// Get returns a document, nil when there is none.
func (d Documents) Get(ctx context.Context, key string) (value []byte, err error) {
	err = d.store.view(ctx, documentBucket, func(t *txn) error {
		_, err := t.get(documentBucket, d.key(key), &value)
		return err
	})
	return value, err
}

// Put keeps a document; nil deletes it. It is on the disk when Put returns.
func (d Documents) Put(ctx context.Context, key string, value []byte) error {
	return d.store.update(ctx, documentBucket, func(t *txn) error {
		if value == nil {
			return t.remove(documentBucket, d.key(key))
		}
		return t.put(documentBucket, d.key(key), value)
	})
}
