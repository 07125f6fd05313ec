// Package main is a broken example.
// It promises nothing.
package main

import (
	"house.example/x/internal/sim/fake"
)
