//go:build unix

package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/kisisim"
	"github.com/kisi-sync/kisi-sync/internal/sim/slapd"
)

// BenchmarkProcess is what the program takes as a process: how large it is, how long `version` and `check` take (check at Kisi's
// real pace, from the start of the process to its end), and what memory the daemon needs: at most, which is during its first full run, and after three
// minutes in which it was asked every ten seconds what changed. The directory is slapd; a rule for each department gives its people one right, and
// all of them hold it already, so that the first run learns of everybody without a call for each. Kisi shows 40,000 users at most through its API, so of
// 100,000 people in the directory 31,000 have doors. The daemon whose memory is measured is built with another pace, or looking at
// Kisi would take minutes; nothing else of it differs.
func BenchmarkProcess(b *testing.B) {
	shipped, quick := buildBinary(b, false), buildBinary(b, true)
	size, err := os.Stat(shipped)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []crowd{{people: 10_000, departments: 97}, {people: 100_000, departments: 30}} {
		b.Run(fmt.Sprint(c.people), func(b *testing.B) {
			for b.Loop() {
				home := c.furnish(b).config
				b.ReportMetric(float64(size.Size())/(1<<20), "MB-binary")
				b.ReportMetric(took(b, shipped, "version").Seconds(), "s-version")
				b.ReportMetric(took(b, shipped, "check", "--config", home).Seconds(), "s-check")
				most, steady := remembers(b, quick, home)
				b.ReportMetric(most, "MB-peak")
				b.ReportMetric(steady, "MB-steady")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// buildBinary makes the program as it is released, or one that calls Kisi as fast as it answers.
func buildBinary(b *testing.B, quick bool) string {
	root, err := filepath.Abs("..")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	binary, overlay := filepath.Join(dir, "kisi-sync"), filepath.Join(dir, "overlay.json")
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", binary}
	if quick {
		text, err := json.Marshal(map[string]map[string]string{"Replace": {
			filepath.Join(root, "cmd", "kisi-sync", "clock.go"): filepath.Join(root, "internal", "killtest", "testdata", "clock.go")}})
		if err != nil {
			b.Fatal(err)
		}
		write(b, overlay, string(text))
		args = append(args, "-overlay", overlay)
	}
	build := exec.Command("go", append(args, "./cmd/kisi-sync")...)
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build the program: %v\n%s", err, out)
	}
	return binary
}

func write(b *testing.B, path, text string) {
	b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// crowd is a directory; the first departments of 97 have doors. The first of those also share a group that opens one, if large is not zero.
type crowd struct{ people, departments, large int }

// setting is a crowd with all that is around it.
type setting struct {
	config string // the path of the file
	kisi   *kisisim.Company
}

// furnish starts a directory and a Kisi in which everybody holds what they should.
func (c crowd) furnish(b *testing.B) setting {
	directory := slapd.Start(b, slapd.Options{Load: slapd.Population{People: c.people, Groups: c.people / 50, Members: 250, Nested: 10}.Write})
	sim := kisisim.Acme(kisisim.Options{Rate: -1})
	var groups, rules strings.Builder
	var large int64
	if c.large > 0 {
		large = sim.AddGroup(kisisim.GroupSpec{Name: "Large", Doors: []int64{sim.Doors["HQ / Lab"]}})
		groups.WriteString("  Large: {scope: organization}\n")
	}
	for d := range c.departments {
		name, also := fmt.Sprintf("Department %d", d), ""
		if d < c.large {
			also = ", Large"
		}
		group := sim.AddGroup(kisisim.GroupSpec{Name: name})
		fmt.Fprintf(&groups, "  %s: {scope: organization}\n", name)
		fmt.Fprintf(&rules, "  - {name: d%d, from: {source: corp, everyone: true}, where: 'person.department == \"%d\"', grant: [%s%s]}\n", d, d, name, also)
		for n := d; n < c.people; n += 97 {
			user := sim.AddUser(kisisim.UserSpec{Email: fmt.Sprintf("p%07d@example.com", n), Name: fmt.Sprintf("Person Number %d", n), Managed: true})
			sim.AddGrant(kisisim.GrantSpec{To: kisisim.User(user), On: kisisim.Group(group)})
			if d < c.large {
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
	return setting{path, sim}
}

// settling is how long Go may take to give memory back: it looks every two minutes.
const settling = 3 * time.Minute

const processConfig = `mode: full
installation: bench
state: kisi-sync.db
kisi: {url: KISI_URL, organization: {domain: acme}, api_key: {file: kisi-api-key}, new_users: managed}
sources:
  corp:
    type: ldap
    preset: openldap
    url: LDAP_URL
    base: "BASE"
    login: {user: "READER", password: {file: password}}
    tls: {ca: CA}
    emails: [example.com]
    attributes: {department: departmentNumber}
schedule: {changes: "@every 10s"}
groups:
GROUPSrules:
RULESmetrics: {listen: off}
`

// took runs a verb that must succeed.
func took(b *testing.B, binary string, args ...string) time.Duration {
	b.Helper()
	began := time.Now()
	if out, err := exec.Command(binary, args...).CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", args, err, out)
	}
	return time.Since(began)
}

// remembers runs the daemon and returns how many MB it took at most, and takes when nothing happens.
func remembers(b *testing.B, binary, config string) (most, steady float64) {
	b.Helper()
	d := startDaemon(b, binary, config)
	defer d.stop()
	<-time.After(settling)
	return d.megabytes("VmHWM"), d.megabytes("VmRSS")
}

// process is the daemon as a process of its own.
type process struct {
	b     *testing.B
	run   *exec.Cmd
	ended chan error
}

// startDaemon runs the daemon and returns when its first run has ended.
func startDaemon(b *testing.B, binary, config string) *process {
	b.Helper()
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	d := &process{b, exec.Command(binary, "run", "--config", config), make(chan error, 1)}
	d.run.Env, d.run.Stdout, d.run.Stderr = append(os.Environ(), "KILLTEST_AHEAD=0s"), log, log
	if err := d.run.Start(); err != nil {
		b.Fatal(err)
	}
	go func() { d.ended <- d.run.Wait() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Minute); ; <-tick.C {
		text, err := os.ReadFile(log.Name())
		if err != nil || len(d.ended) > 0 || time.Now().After(deadline) {
			b.Fatalf("the daemon: %v, %s", err, text)
		}
		if bytes.Contains(text, []byte("run ended")) {
			b.Logf("%s", text)
			return d
		}
	}
}

// megabytes reads a figure of the process (proc(5), status).
func (d *process) megabytes(name string) float64 {
	return float64(residentOf(d.b, d.run.Process.Pid, name)) / 1024
}

func (d *process) stop() {
	if err := d.run.Process.Signal(syscall.SIGTERM); err != nil {
		d.b.Fatal(err)
	}
	if err := <-d.ended; err != nil {
		d.b.Error(err)
	}
}

// peak runs a program to its end and returns the most memory it took, in MB, as far as it was seen a moment before the end. What the kernel
// tells of a child that has ended would do no better: it counts the memory of whoever started it, too (getrusage(2), ru_maxrss across execve).
func peak(b *testing.B, program string, args ...string) (most float64) {
	b.Helper()
	var said bytes.Buffer
	run := exec.Command(program, args...)
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatalf("%v\n%s", err, said.Bytes())
			}
			return most
		case <-tick.C:
			most = max(most, float64(residentOf(b, run.Process.Pid, "VmHWM"))/1024)
		}
	}
}
