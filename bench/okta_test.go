//go:build unix

package bench

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/okta"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// BenchmarkOkta reads 10,000 users and 500 groups with 20,000 memberships from a simulated org without quotas, at Okta's page sizes, which takes 100 ms
// over each answer and is asked four calls at a time. Reported for a read of everything, and for one when nothing changed: calls, how many more that is
// than the least that there could be (the pages of users and groups, and one for each group; of nothing: one for users, one for groups, one for the log),
// the time, and the time over calls × latency ÷ concurrency. The peak memory is that of the program as a process of its own, which reads the same.
func BenchmarkOkta(b *testing.B) {
	at := time.Now().Add(-time.Hour)
	sim := oktasim.New(oktasim.Options{Now: func() time.Time { return at }})
	server, err := simhttp.Start(sim)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	var ids []string
	for n := range 10_000 {
		address := fmt.Sprintf("p%05d@example.com", n)
		ids = append(ids, sim.AddUser("", map[string]any{"login": address, "email": address, "firstName": "Person", "lastName": fmt.Sprint("Number ", n), "department": fmt.Sprint(n % 97)}))
	}
	for n := range 500 {
		var members []string
		for m := range 40 {
			members = append(members, ids[(n*40+m)%len(ids)])
		}
		sim.SetMembers(sim.AddGroup(fmt.Sprintf("Group %d", n), ""), members...)
	}
	sim.AddAPIToken("bench", true)
	sim.Latency(cloudDelay)
	at = time.Now() // what was done is long settled
	home := b.TempDir()
	write(b, filepath.Join(home, "token"), "bench")
	c := &cloud{name: "acme", home: home, calls: func() int { return sim.Count("") }, forget: sim.Forget, size: directory.Counts{People: 10_000, Groups: 500, Members: 20_000},
		block: fmt.Sprintf(`{type: okta, url: %q, login: {token: {file: token}}, emails: [example.com], attributes: {department: department}}`, server.URL)}
	b.Run("reading", func(b *testing.B) {
		settings := okta.New().(*okta.Settings)
		settings.URL, settings.Login = server.URL, okta.Login{Token: &secret.Ref{File: "token"}}
		source, err := settings.Open(connectors.Env{Name: "acme", Dir: home, Attributes: []string{"department"}, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			c.readOkta(b, source, settings.Concurrency)
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("memory", c.memory)
}

// readOkta reads everything, and then what changed since, which is nothing.
func (c *cloud) readOkta(b *testing.B, source connectors.Source, concurrency int) {
	all, _, took := c.read(b, source, directory.Cursor{}, nil)
	c.report(b, "full", took, 10_000/200+1+500, concurrency)
	_, _, took = c.read(b, source, all.Cursor(), all)
	c.report(b, "unchanged", took, 3, concurrency)
}
