package killtest

import (
	"os"
	"strconv"
	"syscall"
)

// mountSmall puts a file system of some bytes at a folder of a world.
func mountSmall(w *world, dir string, bytes int) error {
	if err := syscall.Mount("killtest", dir, "tmpfs", 0, "size="+strconv.Itoa(bytes)); err != nil {
		return os.NewSyscallError("mount", err)
	}
	w.t.Cleanup(func() { w.must(syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return nil
}
