package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// installedConfig is the file of the service that a package installs.
func installedConfig() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "kisi-sync", "config.yaml")
	}
	return "/etc/kisi-sync/config.yaml"
}

// firstThere returns the first of some files that is there; where none is, the first that may be, but must not be looked at, so that it is
// said that it cannot be read, and not that another one is missing; else the first of all. Whoever becomes the account of the service in the
// home of root is in a folder that this account must not look into.
func firstThere(files ...string) string {
	i := slices.IndexFunc(files, func(file string) bool {
		_, err := os.Stat(file)
		return err == nil
	})
	if i < 0 {
		i = slices.IndexFunc(files, func(file string) bool {
			_, err := os.Stat(file)
			return !errors.Is(err, fs.ErrNotExist)
		})
	}
	return files[max(i, 0)]
}
