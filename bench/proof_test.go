//go:build unix

package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// BenchmarkProof is how long people wait for an answer about doors in a company of 50,000, each from the start of the process to its end, at Kisi's
// real pace, without a daemon: the directory (slapd) is read whole for each. 20,000 of them have doors; 515 hold the small group, 5,155 the
// large one, which opens a door.
func BenchmarkProof(b *testing.B) {
	shipped, quick := buildBinary(b, false), buildBinary(b, true)
	b.Setenv("KILLTEST_AHEAD", "0s") // of the quick one
	for b.Loop() {
		home := furnishProof(b, crowd{50_000, 39})
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

// furnishProof is furnish with a group that ten departments share and that opens a door.
func furnishProof(b *testing.B, c crowd) string {
	directory := slapd.Start(b, slapd.Options{Load: slapd.Population{People: c.people, Groups: c.people / 50, Members: 250, Nested: 10}.Write})
	sim := kisisim.Acme(kisisim.Options{Rate: -1})
	large := sim.AddGroup(kisisim.GroupSpec{Name: "Large", Doors: []int64{sim.Doors["HQ / Lab"]}})
	var groups, rules strings.Builder
	groups.WriteString("  Large: {scope: organization}\n")
	for d := range c.departments {
		name, also := fmt.Sprintf("Department %d", d), ""
		group := sim.AddGroup(kisisim.GroupSpec{Name: name})
		if d < 10 {
			also = ", Large"
		}
		fmt.Fprintf(&groups, "  %s: {scope: organization}\n", name)
		fmt.Fprintf(&rules, "  - {name: d%d, from: {source: corp, everyone: true}, where: 'person.department == \"%d\"', grant: [%s%s]}\n", d, d, name, also)
		for n := d; n < c.people; n += 97 {
			user := sim.AddUser(kisisim.UserSpec{Email: fmt.Sprintf("p%07d@example.com", n), Name: fmt.Sprintf("Person Number %d", n), Managed: true})
			sim.AddGrant(kisisim.GrantSpec{To: kisisim.User(user), On: kisisim.Group(group)})
			if d < 10 {
				sim.AddGrant(kisisim.GrantSpec{To: kisisim.User(user), On: kisisim.Group(large)})
			}
		}
	}
	server, err := sim.Start()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	home := b.TempDir()
	write(b, filepath.Join(home, "kisi-api-key"), sim.Key)
	write(b, filepath.Join(home, "password"), slapd.ReaderPassword)
	path := filepath.Join(home, "config.yaml")
	write(b, path, strings.NewReplacer("KISI_URL", server.URL, "LDAP_URL", directory.SecureURL(), "BASE", slapd.Suffix, "READER", slapd.ReaderDN,
		"CA", directory.CAFile(), "GROUPS", groups.String(), "RULES", rules.String()).Replace(processConfig))
	return path
}
