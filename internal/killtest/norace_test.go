//go:build unix && !race

package killtest

const watched = false
