// Package fake is a broken example.
// It promises nothing.
package fake

import (
	"house.example/x/config"
)
