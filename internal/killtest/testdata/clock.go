package main

import (
	"os"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// now is ahead of the machine's clock by what the test says.
func now() time.Time {
	ahead, err := time.ParseDuration(os.Getenv("KILLTEST_AHEAD"))
	if err != nil {
		panic(err)
	}
	return time.Now().Round(0).Add(ahead)
}

// pace is that of a Kisi without a limit.
func pace(float64) pacer.Options { return pacer.Options{Rate: 5000, Window: time.Millisecond} }
