//go:build !windows

package voice

// terminalName is the terminal that a process belongs to, whatever its streams are (tty(4)).
const terminalName = "/dev/tty"
