//go:build unix

package main

import "syscall"

// signals are those that a story can send.
func signals() map[string]syscall.Signal {
	return map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT, "KILL": syscall.SIGKILL}
}
