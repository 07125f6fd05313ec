package kisi

import (
	"context"
	"fmt"
	"time"
)

// probing is how long it may take to find out whether Kisi works.
const probing = 20 * time.Second

// Probe makes one small call and tells whether Kisi works for this key. It is given up soon: what it is for is to leave Kisi alone.
func (t *Target) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, probing, fmt.Errorf("no good answer within %s", probing))
	defer cancel()
	_, err := t.client.Organization(ctx)
	return err
}
