// Package plan is a broken example.
// It promises nothing.
package plan

import (
	"math/rand/v2"
	clock "time"
)

var now = clock.Now
