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

// BenchmarkLargeDaemon is the memory of the daemon in the same setting: at most while it reads everybody for the first time, when nothing
// happens after that, at most in a full run in which nothing is to be done, and when nothing happens again. Of what it takes then it says
// how much is its own; the rest are the program and pages of the state file, which the system takes back when somebody needs memory.
func BenchmarkLargeDaemon(b *testing.B) {
	quick := buildBinary(b, true)
	b.Setenv("KILLTEST_AHEAD", "0s")
	for b.Loop() {
		largeDaemon(b, quick)
	}
	b.ReportMetric(0, "ns/op")
}

func largeDaemon(b *testing.B, quick string) {
	c := crowd{people: *passPeople, departments: min(97, 97*mostShown / *passPeople)}.furnish(b)
	d := startDaemon(b, quick, c.config)
	defer d.stop()
	b.ReportMetric(d.megabytes("VmHWM"), "MB-first")
	<-time.After(settling)
	b.ReportMetric(d.megabytes("VmRSS"), "MB-steady")
	resetPeakOf(b, d.run.Process.Pid)
	b.ReportMetric(took(b, quick, "sync", "--config", c.config).Seconds(), "s-pass")
	b.ReportMetric(d.megabytes("VmHWM"), "MB-pass")
	<-time.After(settling)
	b.ReportMetric(d.megabytes("VmRSS"), "MB-steady-again")
	b.ReportMetric(d.megabytes("RssAnon"), "MB-own")
}
