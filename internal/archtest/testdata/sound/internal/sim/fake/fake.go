// Package fake is a broken example.
// It promises nothing.
package fake

import (
	"time"
)

// New makes a fake.
func New() time.Time { return time.Now() }
