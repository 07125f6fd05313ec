// Package config is a broken example.
// It promises nothing.
package config

import (
	. "strings"
	_ "embed"
	_ "image/png"
)

func init() {}

type t struct{}

func (t) init() {}
