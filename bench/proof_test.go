//go:build unix

package bench

import (
	"strings"
	"testing"
)

// BenchmarkProof is how long people wait for an answer about doors in a company of 50,000, each from the start of the process to its end, at Kisi's
// real pace, without a daemon: the directory (slapd) is read whole for each. 20,000 of them have doors; 515 hold the small group, 5,155 the
// large one, which opens a door.
func BenchmarkProof(b *testing.B) {
	shipped, quick := buildBinary(b, false), buildBinary(b, true)
	b.Setenv("KILLTEST_AHEAD", "0s") // of the quick one
	for b.Loop() {
		home := crowd{people: 50_000, departments: 39, large: 10}.furnish(b).config
		took(b, quick, "sync", "--config", home)
		for _, ask := range []struct{ metric, line string }{
			{"s-explain-small", "explain --group|Department 20"},
			{"s-explain-door", "explain --door|HQ / Lab"},
			{"s-remembered", "explain --door|HQ / Lab|--remembered"},
			{"s-rule", "explain --rule|d20"},
			{"s-review", "review --group|Large|--format|csv"},
			{"s-report", "report no-credential"},
		} {
			var args []string
			for i, part := range strings.Split(ask.line, "|") {
				if i == 0 {
					args = strings.Fields(part)
					continue
				}
				args = append(args, part)
			}
			b.ReportMetric(took(b, shipped, append(args, "--config", home)...).Seconds(), ask.metric)
		}
	}
	b.ReportMetric(0, "ns/op")
}
