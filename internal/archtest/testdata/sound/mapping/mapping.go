// Package mapping is a broken example.
// It promises nothing.
package mapping

import (
	"house.example/x/internal/secret"
	"time"
)

// Map maps.
func Map(at time.Time) error { return secret.ErrNone }
