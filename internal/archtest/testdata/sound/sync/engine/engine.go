// Package engine is a broken example.
// It promises nothing.
package engine

import (
	"house.example/x/mapping"
	"time"
)

// Options are options.
type Options struct{ Now func() time.Time }

func (o Options) now() func() time.Time {
	if o.Now == nil {
		return time.Now
	}
	return o.Now
}

var _ = mapping.Map
