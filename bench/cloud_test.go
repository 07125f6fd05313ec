//go:build unix

package bench

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// What the benchmarks of web APIs have in common: a simulator that takes its time over each answer, a read that is timed and counted, and
// the program as a process of its own, which reads the same.

// cloudDelay is how long a simulated service takes over each answer.
const cloudDelay = 100 * time.Millisecond

// cloud is a simulated service with a source that reads it.
type cloud struct {
	name   string           // of the source
	block  string           // of the source in the file, in braces
	home   string           // where its secrets lie
	calls  func() int       // since forget
	forget func()           // every call so far
	size   directory.Counts // what there is; only people, groups and members count
}

// read reads what changed since last, or everything when that is nil, and returns what is known then and how long it took.
func (c *cloud) read(b *testing.B, source connectors.Source, since directory.Cursor, last *directory.Snapshot) (*directory.Snapshot, directory.Receipt, time.Duration) {
	b.Helper()
	c.forget()
	began := time.Now()
	found := directory.Build(c.name, last)
	receipt, err := source.Fetch(b.Context(), since, found.Put)
	if err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	next, _, err := found.Seal(receipt, nil)
	if err != nil {
		b.Fatal(err)
	}
	if n := next.Counts(); n.People != c.size.People || n.Groups != c.size.Groups || n.Members != c.size.Members {
		b.Fatalf("%+v", n)
	}
	return next, receipt, took
}

// report reports a read by its name: its calls, how many more that is than the least in percent, its time, and its time over calls × latency ÷
// concurrency.
func (c *cloud) report(b *testing.B, name string, took time.Duration, least, concurrency int) {
	calls := c.calls()
	b.ReportMetric(float64(calls), "calls-"+name)
	b.ReportMetric(100*float64(calls-least)/float64(least), "%-too-many-"+name)
	b.ReportMetric(took.Seconds(), "s-"+name)
	b.ReportMetric(took.Seconds()/(float64(calls)*cloudDelay.Seconds()/float64(concurrency)), "times-"+name)
}

// memory is a benchmark of the most memory that the program takes to read the source.
func (c *cloud) memory(b *testing.B) {
	write(b, filepath.Join(c.home, "kisi-api-key"), "none")
	path := filepath.Join(c.home, "config.yaml")
	write(b, path, fmt.Sprintf(cloudConfig, c.name, c.block))
	binary := buildBinary(b, false)
	for b.Loop() {
		b.ReportMetric(peak(b, binary, "source", "read", c.name, "--config", path), "MB-peak")
	}
	b.ReportMetric(0, "ns/op")
}

const cloudConfig = `mode: observe
installation: bench
kisi: {organization: {domain: acme}, api_key: {file: kisi-api-key}, new_users: managed}
sources:
  %[1]s: %[2]s
groups:
  Staff: {scope: organization}
rules:
  - {name: staff, from: {source: %[1]s, everyone: true}, where: person.department == "1", grant: [Staff]}
metrics: {listen: off}
`
