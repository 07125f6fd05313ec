package sdnotify

import "golang.org/x/sys/unix"

// monotonic returns the microseconds of CLOCK_MONOTONIC, by which sd_notify(3) wants to be told of a reload.
func monotonic() (int64, error) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano() / 1000, err
}
