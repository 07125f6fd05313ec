//go:build unix && race

package killtest

// watched says that the race detector watches this process, which makes it slow; the program is built without.
const watched = true
