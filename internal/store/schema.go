package store

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// The buckets. Keys sort as the comment says.
const (
	metaBucket     = "meta"          // by name: schema, fingerprint, catalog
	tallyBucket    = "tallies"       // by bucket
	sourceBucket   = "sources"       // by source: a bucket each, see snapshots.go
	accountBucket  = "accounts"      // by member
	groupBucket    = "groups"        // by group
	causeBucket    = "causes"        // by number
	numberBucket   = "cause numbers" // by digest of the cause
	intentBucket   = "journal"       // by sequence
	holdBucket     = "holds"         // by step
	spentBucket    = "spent"         // by time, then sequence
	runBucket      = "runs"          // by run
	statusBucket   = "source status" // by source
	auditBucket    = "audit"         // by line
	documentBucket = "documents"     // by source, then key
	pinBucket      = "pins"          // by kind, anchor, address
	bindingBucket  = "bindings"      // by source, then selector
	planBucket     = "held plan"     // by name: the one that waits for a decision, what differs by somebody's hand
	openedBucket   = "doors seen"    // by group
	carriedBucket  = "audit carried" // by person and group: who held what after the lines that were cut off
)

func buckets() []string {
	return []string{metaBucket, tallyBucket, sourceBucket, accountBucket, groupBucket, causeBucket, numberBucket, intentBucket,
		holdBucket, spentBucket, runBucket, statusBucket, auditBucket, documentBucket,
		pinBucket, bindingBucket, planBucket, openedBucket, carriedBucket}
}

// schema is a layout of the file and how older ones become it.
type schema struct {
	version uint64
	from    map[uint64]func(*bolt.Tx) error // brings a file of that version to the next one
}

// currentSchema returns the layout that this version writes. Whoever changes what a row means adds one and says how the last one
// becomes it; golden files of all old versions stay in testdata.
//
//	1  the first
//	2  pins, bindings, plans that wait, and an audit trail that may be cut. A kisi-sync that knows only 1 must not use such a file: it
//	   would not see who is blocked
func currentSchema() schema {
	return schema{version: 2, from: map[uint64]func(*bolt.Tx) error{1: func(*bolt.Tx) error { return nil }}} // the buckets are made anyway
}

// schemaKey holds the version. It is the one value without a checksum, so that every version can read it.
func schemaKey() []byte { return []byte("schema") }

func versionOf(tx *bolt.Tx) (uint64, error) {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil {
		if key, _ := tx.Cursor().First(); key != nil {
			return 0, errors.New("not a state file of kisi-sync")
		}
		return 0, nil
	}
	v := numberOf(meta.Get(schemaKey()))
	if v == 0 {
		return 0, damaged(metaBucket, schemaKey())
	}
	return v, nil
}

// migrate brings an older file to what is wanted, one version after the other, after it has been copied.
func (s *Store) migrate(want schema) error {
	var have uint64
	err := s.db.View(func(tx *bolt.Tx) (err error) { have, err = versionOf(tx); return err })
	switch {
	case err != nil:
		return err
	case have > want.version:
		return fmt.Errorf("schema %d, this is for %d: %w", have, want.version, ErrNewer)
	case have == want.version:
		return nil
	case have == 0:
		return fmt.Errorf("there is nothing in it: %w", ErrDamaged)
	}
	if err := s.backup(have); err != nil {
		return err
	}
	return s.raise(have, want)
}

// raise brings a file from one schema to another.
func (s *Store) raise(have uint64, want schema) error {
	for ; have < want.version; have++ {
		if err := s.db.Update(func(tx *bolt.Tx) error { return step(tx, want, have) }); err != nil {
			return fmt.Errorf("migrate from schema %d: %w", have, err)
		}
	}
	return nil
}

func create(tx *bolt.Tx, version uint64) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte(metaBucket)).Put(schemaKey(), numberKey(version))
}

func step(tx *bolt.Tx, want schema, have uint64) error {
	migrate := want.from[have]
	if migrate == nil {
		return errors.New("no way is known")
	}
	if err := migrate(tx); err != nil {
		return err
	}
	return create(tx, have+1)
}

// BackupPath returns where a file is copied to before it is migrated from a schema.
func BackupPath(path string, schema uint64) string { return fmt.Sprintf("%s.schema%d", path, schema) }

// backup copies the file beside itself. The copy gets its name only when it is whole.
func (s *Store) backup(schema uint64) error {
	if err := s.copyWhole(context.Background(), BackupPath(s.path, schema)); err != nil {
		return fmt.Errorf("copy before migrating: %w", err)
	}
	return nil
}
