package main

import (
	"time"

	"github.com/kisi-sync/kisi-sync/internal/pacer"
)

// now is the clock of the program; everything below is given it. Tests that end the program from outside build it with another
// clock in the place of this file (internal/killtest), so nothing else belongs here.
func now() time.Time { return time.Now() }

// pace is how fast Kisi is called. Another program of the same user may have used up the quota until now.
func pace(rate float64) pacer.Options { return pacer.Options{Rate: rate, After: now()} }
