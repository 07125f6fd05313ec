// Package config is a broken example.
// It promises nothing.
package config

type Load struct{}

func (Load) File() {}

func (Load) String() string { return "" }

type hidden struct{}

func (hidden) Exported() {}

func Parse() {}

const Max = 1

var (
	small = 1
	Large = 2
)

// Documented is.
type Documented struct{}

const (
	One = 1 // is one
)
