// Package plan is a broken example.
// It promises nothing.
package plan

import (
	"house.example/x/internal/nowhere"
)
