// Package access is a broken example.
// It promises nothing.
package access

import (
	"house.example/x/internal/directory"
)
