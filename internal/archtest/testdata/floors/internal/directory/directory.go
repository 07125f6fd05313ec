// Package directory is a broken example.
// It promises nothing.
package directory

import (
	"house.example/x/mapping"
	"house.example/x/internal/secret"
)
