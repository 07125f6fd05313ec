// Package engine is a broken example.
// It promises nothing.
package engine

import (
	"time"
)

func age(t time.Time) time.Duration { return time.Since(t) }

func now() time.Time { return time.Now() }

// A default may be handed on.
func clock() func() time.Time { return time.Now }
