//go:build unix

package bench

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/connectors"
	"github.com/kisi-sync/kisi-sync/connectors/scimpull"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

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
		front.Latency(cloudDelay)
		home := b.TempDir()
		write(b, filepath.Join(home, "token"), "bench")
		name := map[bool]string{true: "members-in-lists", false: "members-apart"}[members]
		c := &cloud{name: "cloud", home: home, calls: func() int { return front.Count("") }, forget: front.Forget, size: directory.Counts{People: 10_000, Groups: 500, Members: 20_000},
			block: fmt.Sprintf(`{type: scim_pull, url: %q, login: {token: {file: token}}, people: {email: emails}, emails: [example.com], attributes: {department: department}}`, server.URL)}
		least := map[bool]int{true: 105, false: 605}[members]
		b.Run(name, func(b *testing.B) {
			settings := scimpull.New().(*scimpull.Settings)
			settings.URL, settings.People.Email, settings.Login.Token = server.URL, "emails", &secret.Ref{File: "token"}
			source, err := settings.Open(connectors.Env{Name: "cloud", Dir: home, Attributes: []string{"department"}, Now: time.Now})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				_, _, took := c.read(b, source, directory.Cursor{}, nil)
				c.report(b, "full", took, least, 4)
			}
			b.ReportMetric(0, "ns/op")
		})
		b.Run(name+"/memory", c.memory)
	}
}

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
