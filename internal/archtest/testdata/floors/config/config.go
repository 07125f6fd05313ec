// Package config is a broken example.
// It promises nothing.
package config

import (
	"house.example/x/internal/sim/fake"
)
