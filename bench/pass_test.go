//go:build unix

package bench

import (
	"flag"
	"testing"
	"time"
)

var passPeople = flag.Int("people", 1_000_000, "how many people BenchmarkPass has")

// mostShown is how many users Kisi shows at most, in both orders together (offset up to 20,000, kisi-api §1.4), with some to spare.
const mostShown = 39_000

// BenchmarkPass is a whole full run in which nothing is to be done, as a process of its own from its start to its end: a directory of 1,000,000
// people and 20,000 groups (slapd over LDAPS) is read, everybody is mapped, all of Kisi is looked at, and both are compared. Kisi
// answers at once, and shows no list beyond its largest offset: 40,000 users at most, so only some departments of the million have doors. A run
// before it learns of everybody.
func BenchmarkPass(b *testing.B) {
	quick := buildBinary(b, true)
	b.Setenv("KILLTEST_AHEAD", "0s")
	for b.Loop() {
		c := crowd{people: *passPeople, departments: min(97, 97*mostShown / *passPeople)}.furnish(b)
		b.ReportMetric(took(b, quick, "sync", "--config", c.config, "--accept", "corp").Seconds(), "s-first")
		c.kisi.ResetLog()
		began := time.Now()
		most := peak(b, quick, "sync", "--config", c.config)
		b.ReportMetric(time.Since(began).Seconds(), "s-pass")
		b.ReportMetric(most, "MB-peak")
		b.ReportMetric(float64(len(c.kisi.Requests())), "calls")
	}
	b.ReportMetric(0, "ns/op")
}
