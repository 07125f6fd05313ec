//go:build unix

package bench

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/google"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/googlesim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// googleAtATime is how many calls the connector has under way at most.
const googleAtATime = 8

// BenchmarkGoogle reads 10,000 users, 500 groups with 50,000 memberships and 20 organizational units from a simulated Workspace, at Google's page sizes,
// which takes 100 ms over each answer. There is no way to ask Google what changed, so reading an unchanged directory is the same once more. Reported: calls, how many more that is than the least (the pages of users, of deleted users, of groups and of units, and one for each
// group), the time, and the time over calls × latency ÷ concurrency. The peak memory is that of the program as a process of its own, which reads the same.
func BenchmarkGoogle(b *testing.B) {
	sim := googlesim.New(nil)
	server, err := simhttp.Start(sim)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	fillWorkspace(sim)
	home := b.TempDir()
	write(b, filepath.Join(home, "key"), string(sim.ServiceAccount("bench", server.URL)))
	sim.Delegate("bench", googlesim.UserScope, googlesim.GroupScope, googlesim.UnitScope)
	sim.Latency(cloudDelay)
	c := &cloud{name: "ws", home: home, calls: func() int { return sim.Count("") }, forget: sim.Forget, size: directory.Counts{People: 10_000, Groups: 521, Members: 50_000 + 10_000 + 20},
		block: fmt.Sprintf(`{type: google, url: %q, login: {key: {file: key}, subject: admin@example.com}, emails: [example.com], attributes: {department: organizations.department}}`, server.URL)}
	b.Run("reading", func(b *testing.B) {
		settings := google.New().(*google.Settings)
		settings.URL, settings.Login = server.URL, google.Login{Key: secret.Ref{File: "key"}, Subject: googlesim.Admin}
		for b.Loop() {
			c.readWorkspace(b, func() connectors.Source {
				source, err := settings.Open(connectors.Env{Name: "ws", Dir: home, Attributes: []string{"organizations.department"}, Now: time.Now})
				if err != nil {
					b.Fatal(err)
				}
				return source
			})
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("memory", c.memory)
}

// fillWorkspace makes 10,000 people with the administrator, in 21 units with the topmost one, and 500 groups of 100.
func fillWorkspace(sim *googlesim.Sim) {
	for n := range 20 {
		sim.AddUnit(fmt.Sprint("/Unit ", n))
	}
	var members []googlesim.Member
	for n := range 9_999 {
		address := fmt.Sprintf("p%05d@example.com", n)
		id := sim.AddUser(googlesim.User{Email: address, Given: "Person", Family: fmt.Sprint("Number ", n), Unit: fmt.Sprint("/Unit ", n%20),
			Fields: map[string]any{"organizations": []any{map[string]any{"department": fmt.Sprint(n % 97), "primary": true}}}})
		members = append(members, googlesim.Member{ID: id, Email: address, Role: "MEMBER", Type: "USER", Status: "ACTIVE"})
	}
	for n := range 500 {
		id := sim.AddGroup(fmt.Sprintf("g%03d@example.com", n), fmt.Sprint("Group ", n))
		sim.ChangeGroup(id, func(g *googlesim.Group) {
			for m := range 100 {
				g.Members = append(g.Members, members[(n*100+m)%len(members)])
			}
		})
	}
}

// readWorkspace reads everything twice, each time as a new process: two reads within one minute would share what Google allows in a minute.
func (c *cloud) readWorkspace(b *testing.B, open func() connectors.Source) {
	const least = 10_000/500 + 1 + 3 + 1 + 500
	all, _, took := c.read(b, open(), directory.Cursor{}, nil)
	c.report(b, "full", took, least, googleAtATime)
	_, _, took = c.read(b, open(), directory.Cursor{}, all)
	c.report(b, "unchanged", took, least, googleAtATime)
}
