//go:build race

package engine_test

// slow says that the race detector watches, under which everything takes four times as long.
const slow = true
