//go:build !unix

package main

import "syscall"

// signals are none, and no story is told.
func signals() map[string]syscall.Signal { return nil }
