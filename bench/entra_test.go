//go:build unix

package bench

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/entra"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/entrasim"
)

// entraDelay is how long the simulated Graph takes over each answer.
const entraDelay = 100 * time.Millisecond

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
	sim.Latency(entraDelay)
	home := b.TempDir()
	write(b, filepath.Join(home, "secret"), "bench")
	b.Run("reading", func(b *testing.B) {
		settings := entra.New().(*entra.Settings)
		settings.Tenant, settings.ClientID, settings.Authority, settings.Graph = sim.TenantID, app.ClientID, url, url
		settings.Login.Secret = secret.Ref{File: "secret"}
		source, err := settings.Open(connectors.Env{Name: "contoso", Dir: home, Attributes: []string{"department"}, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			readEntra(b, sim, source)
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("memory", func(b *testing.B) {
		write(b, filepath.Join(home, "kisi-api-key"), "none")
		write(b, filepath.Join(home, "config.yaml"), strings.NewReplacer("URL", url, "TENANT", sim.TenantID, "CLIENT", app.ClientID).Replace(entraConfig))
		binary := buildBinary(b, false)
		for b.Loop() {
			run := exec.Command(binary, "source", "read", "contoso", "--config", filepath.Join(home, "config.yaml"))
			if out, err := run.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			b.ReportMetric(float64(run.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MB-peak")
		}
		b.ReportMetric(0, "ns/op")
	})
}

const entraConfig = `mode: observe
installation: bench
kisi: {organization: {domain: acme}, api_key: {file: kisi-api-key}, new_users: managed}
sources:
  contoso: {type: entra, tenant: TENANT, client_id: CLIENT, authority: "URL", graph: "URL", login: {secret: {file: secret}}, emails: [example.com], attributes: {department: department}}
groups:
  Staff: {scope: organization}
rules:
  - {name: staff, from: {source: contoso, everyone: true}, where: person.department == "1", grant: [Staff]}
metrics: {listen: off}
`

// readEntra reads everything, and then what changed since, which is nothing.
func readEntra(b *testing.B, sim *entrasim.Sim, source connectors.Source) {
	var last *directory.Snapshot
	for _, name := range []string{"full", "unchanged"} {
		var since directory.Cursor
		if last != nil {
			since = last.Cursor()
		}
		sim.Forget()
		began := time.Now()
		found := directory.Build("contoso", last)
		receipt, err := source.Fetch(context.Background(), since, found.Put)
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		if last, _, err = found.Seal(receipt, nil); err != nil {
			b.Fatal(err)
		}
		if n := last.Counts(); n.People != 10_000 || n.Groups != 500 || n.Members != 20_000 {
			b.Fatalf("%+v", n)
		}
		users, groups := sim.Count("GET /v1.0/users/delta"), sim.Count("GET /v1.0/groups/delta")
		b.ReportMetric(float64(sim.Count("")), "calls-"+name)
		b.ReportMetric(float64(receipt.Proof.Pages), "pages-"+name)
		b.ReportMetric(took.Seconds(), "s-"+name)
		b.ReportMetric(took.Seconds()/(float64(max(users, groups))*entraDelay.Seconds()), "times-"+name)
	}
}
