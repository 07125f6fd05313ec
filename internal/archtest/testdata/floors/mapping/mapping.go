// Package mapping is a broken example.
// It promises nothing.
package mapping

import (
	"house.example/x/sync/plan"
)
