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
	"github.com/kisi-sync/kisi-sync/connectors/okta"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/oktasim"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// oktaDelay is how long the simulated Okta takes over each answer.
const oktaDelay = 100 * time.Millisecond

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
	sim.Latency(oktaDelay)
	at = time.Now() // what was done is long settled
	home := b.TempDir()
	write(b, filepath.Join(home, "token"), "bench")
	b.Run("reading", func(b *testing.B) {
		settings := okta.New().(*okta.Settings)
		settings.URL, settings.Login = server.URL, okta.Login{APIToken: &secret.Ref{File: "token"}}
		source, err := settings.Open(connectors.Env{Name: "acme", Dir: home, Attributes: []string{"department"}, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			readOkta(b, sim, source, settings.Concurrency)
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("memory", func(b *testing.B) {
		write(b, filepath.Join(home, "kisi-api-key"), "none")
		write(b, filepath.Join(home, "config.yaml"), strings.ReplaceAll(oktaConfig, "URL", server.URL))
		binary := buildBinary(b, false)
		for b.Loop() {
			run := exec.Command(binary, "source", "read", "acme", "--config", filepath.Join(home, "config.yaml"))
			if out, err := run.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			b.ReportMetric(float64(run.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MB-peak")
		}
		b.ReportMetric(0, "ns/op")
	})
}

const oktaConfig = `mode: observe
installation: bench
kisi: {organization: {domain: acme}, api_key: {file: kisi-api-key}, new_users: managed}
sources:
  acme: {type: okta, url: "URL", login: {api_token: {file: token}}, emails: [example.com], attributes: {department: department}}
groups:
  Staff: {scope: organization}
rules:
  - {name: staff, from: {source: acme, everyone: true}, where: person.department == "1", grant: [Staff]}
metrics: {listen: off}
`

// readOkta reads everything, and then what changed since, which is nothing.
func readOkta(b *testing.B, sim *oktasim.Sim, source connectors.Source, concurrency int) {
	var last *directory.Snapshot
	for _, read := range []struct {
		name  string
		least int
	}{{"full", 10_000/200 + 1 + 500}, {"unchanged", 3}} {
		var since directory.Cursor
		if last != nil {
			since = last.Cursor()
		}
		sim.Forget()
		began := time.Now()
		found := directory.Build("acme", last)
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
		calls := sim.Count("")
		b.ReportMetric(float64(calls), "calls-"+read.name)
		b.ReportMetric(100*float64(calls-read.least)/float64(read.least), "%-too-many-"+read.name)
		b.ReportMetric(took.Seconds(), "s-"+read.name)
		b.ReportMetric(took.Seconds()/(float64(calls)*oktaDelay.Seconds()/float64(concurrency)), "times-"+read.name)
	}
}
