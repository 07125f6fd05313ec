package main

import (
	"runtime/debug"
	"testing"
)

func TestGarbageIsCollectedOftenUnlessTheEnvironmentSaysOtherwise(t *testing.T) {
	before := debug.SetGCPercent(80)
	defer debug.SetGCPercent(before)
	for _, c := range []struct {
		environment string
		want        int
	}{{"100", 80}, {"", 50}} {
		t.Setenv("GOGC", c.environment)
		collectOften()
		if got := debug.SetGCPercent(80); got != c.want {
			t.Errorf("with GOGC=%q garbage is collected at %d %% of what is in use, want %d", c.environment, got, c.want)
		}
	}
}
