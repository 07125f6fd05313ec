// Package demo is a broken example.
// It promises nothing.
package demo

import (
	"house.example/x/internal/sim/fake"
)
