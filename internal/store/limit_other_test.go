//go:build !unix

package store

import "errors"

func limitFileSize(uint64) error { return errors.New("not on this system") }
