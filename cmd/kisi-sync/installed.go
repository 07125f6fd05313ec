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

// firstThere returns the first of some files that is there, the first of all when none is. One that must not be looked at is there: then
// it is said that it cannot be read, and not that another one is missing.
func firstThere(files ...string) string {
	i := slices.IndexFunc(files, func(file string) bool {
		_, err := os.Stat(file)
		return !errors.Is(err, fs.ErrNotExist)
	})
	return files[max(i, 0)]
}
