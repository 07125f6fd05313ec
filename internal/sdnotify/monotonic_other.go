//go:build !linux

package sdnotify

// monotonic has nobody to read it where there is no systemd.
func monotonic() (int64, error) { return 0, nil }
