// Package secret is a broken example.
// It promises nothing.
package secret
