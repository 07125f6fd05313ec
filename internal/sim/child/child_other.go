//go:build !linux

package child

import "syscall"

// DiesWithUs says whether this system ties a child to its parent.
const DiesWithUs = false

// diesWithUs has no equivalent here: a test that is killed leaves its server to the system.
func diesWithUs() *syscall.SysProcAttr { return nil }
