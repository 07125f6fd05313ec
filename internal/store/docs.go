package store

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// docs turns values that are written seldom into CBOR (RFC 8949): fields go by name, so that fields may be added without a new
// schema. Rows of which there are a million have codecs of their own.
type docs struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newDocs() (docs, error) {
	enc, err := cbor.EncOptions{Time: cbor.TimeRFC3339NanoUTC}.EncMode()
	if err != nil {
		return docs{}, err
	}
	const many = 1 << 24 // problems of a run, doors of a catalog
	dec, err := cbor.DecOptions{MaxArrayElements: many, MaxMapPairs: many}.DecMode()
	return docs{enc, dec}, err
}

// put writes a value.
func (t *txn) put(bucket string, key []byte, value any) error {
	row, err := t.sealed(key, value)
	if err != nil {
		return fmt.Errorf("%s: %w", bucket, err)
	}
	return t.bucket(bucket).Put(key, row)
}

func (t *txn) sealed(key []byte, value any) ([]byte, error) {
	payload, err := t.docs.enc.Marshal(value)
	if err != nil {
		return nil, err
	}
	return seal(key, append(make([]byte, sumSize, sumSize+len(payload)), payload...)), nil
}

// get reads a value; false when there is none.
func (t *txn) get(bucket string, key []byte, value any) (bool, error) {
	b := t.bucket(bucket)
	if b == nil {
		return false, nil
	}
	row := b.Get(key)
	if row == nil {
		return false, nil
	}
	return true, t.read(bucket, key, row, value)
}

// read reads the value of a row.
func (t *txn) read(bucket string, key, row []byte, value any) error {
	payload, ok := unseal(key, row)
	if !ok {
		return damaged(bucket, key)
	}
	if err := t.docs.dec.Unmarshal(payload, value); err != nil {
		return fmt.Errorf("%w: %w", damaged(bucket, key), err)
	}
	return nil
}

func (t *txn) remove(bucket string, key []byte) error { return t.bucket(bucket).Delete(key) }
