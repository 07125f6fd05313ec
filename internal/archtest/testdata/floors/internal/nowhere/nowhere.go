// Package nowhere is a broken example.
// It promises nothing.
package nowhere
