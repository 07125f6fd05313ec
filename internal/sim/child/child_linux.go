package child

import "syscall"

// DiesWithUs says whether this system ties a child to its parent.
const DiesWithUs = true

func diesWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
