//go:build !linux

package slapd

import "syscall"

// diesWithUs has no equivalent here: a test that is killed leaves its server to the system.
func diesWithUs() *syscall.SysProcAttr { return nil }
