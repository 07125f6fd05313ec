// Package secret is a broken example.
// It promises nothing.
package secret

import (
	"errors"
)

// ErrNone is returned for nothing.
var ErrNone = errors.New("none")
