package main

import (
	"sync"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

// apiKey is Kisi's API key, read anew for each call. It knows which one was used last, so that a new one is tried at once. It is safe for
// concurrent use.
type apiKey struct {
	read func() (secret.String, error)

	mu   sync.Mutex
	used bool
	last secret.String
}

// use returns the key for a call.
func (k *apiKey) use() (secret.String, error) {
	value, err := k.read()
	if err == nil {
		k.mu.Lock()
		k.used, k.last = true, value
		k.mu.Unlock()
	}
	return value, err
}

// renewed says that the key is another one now than that of the last call. It is not where none was made, or the key cannot be read.
func (k *apiKey) renewed() bool {
	value, err := k.read()
	k.mu.Lock()
	defer k.mu.Unlock()
	return err == nil && k.used && value.Reveal() != k.last.Reveal()
}
