// Package directory is a broken example.
// It promises nothing.
package directory
