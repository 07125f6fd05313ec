//go:build unix

package bench

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/entra"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
)

// BenchmarkEntra reads 10,000 users and 500 groups with 20,000 memberships from a simulated tenant whose pages have 200 users, or 200 groups with 1,000
// members, and takes 100 ms over each answer. Reported for a read of everything, and for one when nothing changed: calls to Graph, the least that there
// could be (the pages of both lists, as a page names the next one), the time, and the time over what the longer list takes if its pages follow each
// other without a gap. The peak memory is that of the program as a process of its own, which reads the same.
func BenchmarkEntra(b *testing.B) {
	sim := entrasim.New(entrasim.Options{})
	url, err := sim.Start()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(sim.Close)
	var ids []string
	for n := range 10_000 {
		ids = append(ids, sim.AddUser(fmt.Sprintf("Person Number %d", n), entrasim.Properties{"mail": fmt.Sprintf("p%05d@example.com", n), "department": fmt.Sprint(n % 97)}))
	}
	for n := range 500 {
		var members []string
		for m := range 40 {
			members = append(members, ids[(n*40+m)%len(ids)])
		}
		sim.AddGroup(fmt.Sprintf("Group %d", n), members...)
	}
	app := sim.Register(entrasim.App{Name: "kisi-sync", Roles: []string{"User.Read.All", "GroupMember.Read.All"}, Secrets: []entrasim.Secret{{Value: "bench"}}})
	sim.Latency(cloudDelay)
	home := b.TempDir()
	write(b, filepath.Join(home, "secret"), "bench")
	c := &cloud{name: "contoso", home: home, calls: func() int { return sim.Count("") }, forget: sim.Forget, size: directory.Counts{People: 10_000, Groups: 500, Members: 20_000},
		block: fmt.Sprintf(`{type: entra, tenant: %s, authority: %q, url: %[2]q, login: {client_id: %[3]s, client_secret: {file: secret}}, emails: [example.com], attributes: {department: department}}`, sim.TenantID, url, app.ClientID)}
	b.Run("reading", func(b *testing.B) {
		settings := entra.New().(*entra.Settings)
		settings.Tenant, settings.Login.ClientID, settings.Authority, settings.URL = sim.TenantID, app.ClientID, url, url
		settings.Login.ClientSecret = secret.Ref{File: "secret"}
		source, err := settings.Open(connectors.Env{Name: "contoso", Dir: home, Attributes: []string{"department"}, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			c.readEntra(b, sim, source)
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("memory", c.memory)
}

// readEntra reads everything, and then what changed since, which is nothing.
func (c *cloud) readEntra(b *testing.B, sim *entrasim.Sim, source connectors.Source) {
	var last *directory.Snapshot
	for _, name := range []string{"full", "unchanged"} {
		var since directory.Cursor
		if last != nil {
			since = last.Cursor()
		}
		next, receipt, took := c.read(b, source, since, last)
		last = next
		users, groups := sim.Count("GET /v1.0/users/delta"), sim.Count("GET /v1.0/groups/delta")
		b.ReportMetric(float64(c.calls()), "calls-"+name)
		b.ReportMetric(float64(receipt.Proof.Pages), "pages-"+name)
		b.ReportMetric(took.Seconds(), "s-"+name)
		b.ReportMetric(took.Seconds()/(float64(max(users, groups))*cloudDelay.Seconds()), "times-"+name)
	}
}
