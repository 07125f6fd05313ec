//go:build !windows

package secret

// listed has nothing to refuse where the mode of a file says who may read it.
func listed(string, string) error { return nil }
