//go:build unix

package bench

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/scimpull"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// pullDelay is how long the provider takes over each answer.
const pullDelay = 100 * time.Millisecond

// BenchmarkPull reads 10,000 users and 500 groups with 20,000 memberships from a SCIM provider that gives 100 resources at a time, and takes 100 ms over
// each answer: with the members in the list of groups, and without. Reported: calls, of which 105, and 605 without members, are the least that there could
// be; the time; the time over what the calls would take at four a time without a gap. The peak memory is that of the program as a
// process of its own, which reads the same.
func BenchmarkPull(b *testing.B) {
	for _, members := range []bool{true, false} {
		front := provider(members)
		server, err := simhttp.Start(front)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(server.Close)
		front.Latency(pullDelay)
		home := b.TempDir()
		write(b, filepath.Join(home, "token"), "bench")
		name := map[bool]string{true: "members-in-lists", false: "members-apart"}[members]
		b.Run(name, func(b *testing.B) {
			settings := scimpull.New().(*scimpull.Settings)
			settings.URL, settings.Address, settings.Login.Token = server.URL, "emails", &secret.Ref{File: "token"}
			source, err := settings.Open(connectors.Env{Name: "cloud", Dir: home, Attributes: []string{"department"}, Now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				readPull(b, front, source)
			}
			b.ReportMetric(0, "ns/op")
		})
		b.Run(name+"/memory", func(b *testing.B) {
			write(b, filepath.Join(home, "kisi-api-key"), "none")
			write(b, filepath.Join(home, "config.yaml"), strings.ReplaceAll(pullConfig, "URL", server.URL))
			binary := buildBinary(b, false)
			for b.Loop() {
				run := exec.Command(binary, "source", "read", "cloud", "--config", filepath.Join(home, "config.yaml"))
				if out, err := run.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				b.ReportMetric(float64(run.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MB-peak")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

const pullConfig = `mode: observe
installation: bench
kisi: {organization: {domain: acme}, api_key: {file: kisi-api-key}, new_users: managed}
sources:
  cloud: {type: scim_pull, url: "URL", login: {token: {file: token}}, address: emails, emails: [example.com], attributes: {department: department}}
groups:
  Staff: {scope: organization}
rules:
  - {name: staff, from: {source: cloud, everyone: true}, where: person.department == "1", grant: [Staff]}
metrics: {listen: off}
`

// provider gives what it has ready.
func provider(members bool) *simhttp.Front {
	var users, bare, groups []string
	for n := range 10_000 {
		users = append(users, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u%05d","userName":"p%05d","active":true,"name":{"givenName":"Person","familyName":"Number %d"},`+
			`"emails":[{"value":"p%05d@example.com","type":"work","primary":true}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"%d"}}`, n, n, n, n, n%97))
	}
	for n := range 500 {
		var all []string
		for m := range 40 {
			all = append(all, fmt.Sprintf(`{"value":"u%05d","display":"p%05d"}`, (n*40+m)%10_000, (n*40+m)%10_000))
		}
		bare = append(bare, fmt.Sprintf(`{"id":"g%03d","displayName":"Group %d"}`, n, n))
		groups = append(groups, fmt.Sprintf(`{"id":"g%03d","displayName":"Group %d","members":[%s]}`, n, n, strings.Join(all, ",")))
	}
	front := simhttp.New()
	front.Handle("GET /Users", pagesOf(users))
	front.Handle("GET /Groups", pagesOf(map[bool][]string{true: groups, false: bare}[members]))
	front.Handle("GET /Groups/{id}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("id")[1:])
		_, _ = w.Write([]byte(groups[n]))
	})
	return front
}

func pagesOf(all []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		count, _ := strconv.Atoi(r.URL.Query().Get("count"))
		end := min(start-1+min(count, 100), len(all))
		fmt.Fprintf(w, `{"totalResults":%d,"startIndex":%d,"Resources":[%s]}`, len(all), start, strings.Join(all[start-1:end], ","))
	}
}

func readPull(b *testing.B, front *simhttp.Front, source connectors.Source) {
	front.Forget()
	began := time.Now()
	found := directory.Build("cloud", nil)
	receipt, err := source.Fetch(context.Background(), directory.Cursor{}, found.Put)
	if err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	last, _, err := found.Seal(receipt, nil)
	if err != nil {
		b.Fatal(err)
	}
	if n := last.Counts(); n.People != 10_000 || n.Groups != 500 || n.Members != 20_000 {
		b.Fatalf("%+v", n)
	}
	calls := float64(front.Count(""))
	b.ReportMetric(calls, "calls")
	b.ReportMetric(took.Seconds(), "s")
	b.ReportMetric(took.Seconds()/(calls*pullDelay.Seconds()/4), "times")
}
