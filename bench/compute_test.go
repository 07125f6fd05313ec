package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// size is a company: each person is in per groups of the directory, each of which a rule maps to a Kisi group.
type size struct{ people, groups, per int }

func (s size) String() string { return fmt.Sprintf("%dx%d", s.people, s.people*s.per) }

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// BenchmarkCompute maps and plans a company that is as it should be but for one person in a hundred who moved, and one who is new
// to each hundred. Reported: seconds of Map and Compute, and peak memory of the whole process with everything they read.
func BenchmarkCompute(b *testing.B) {
	for _, s := range []size{{50_000, 500, 10}, {100_000, 500, 10}, {1_000_000, 2_000, 5}} {
		b.Run(s.String(), func(b *testing.B) { benchmarkCompute(b, s) })
	}
}

func benchmarkCompute(b *testing.B, s size) {
	view, rules := people(b, s), compile(b, s)
	catalog := catalog(s)
	ledger, observed := mirror(b, s, view, rules, catalog)
	runtime.GC()
	debug.FreeOSMemory()
	before := resident(b, "VmRSS")
	resetPeak(b)
	var mapped, computed time.Duration
	var steps int
	for b.Loop() {
		began := time.Now()
		r := rules.Map(mapping.Input{People: view, Owned: ledger, Catalog: catalog, At: at})
		mapped += time.Since(began)
		began = time.Now()
		p := plan.Compute(plan.Input{Desired: r.Desired, Owned: ledger, Observed: observed, At: access.At(at),
			Limits: plan.Limits{Disabled: 1 << 30, Removals: plan.Removals{People: 1 << 30}, Grants: 1 << 30}})
		computed += time.Since(began)
		steps = len(p.Steps)
	}
	b.ReportMetric(mapped.Seconds()/float64(b.N), "s-map")
	b.ReportMetric(computed.Seconds()/float64(b.N), "s-compute")
	b.ReportMetric(float64(steps), "steps")
	b.ReportMetric(float64(before)/1024, "MB-input")
	b.ReportMetric(float64(resident(b, "VmHWM"))/1024, "MB-peak")
	runtime.KeepAlive(view)
}

// people makes the directory.
func people(b *testing.B, s size) *directory.View {
	d := directory.Build("corp", nil)
	receipt, err := (&company{b: b, size: s}).Fetch(b.Context(), directory.Cursor{}, d.Put)
	if err != nil {
		b.Fatal(err)
	}
	snapshot, _, err := d.Seal(receipt, nil)
	if err != nil {
		b.Fatal(err)
	}
	return directory.Join(snapshot)
}

// company is a directory of a given size that costs nothing to read.
type company struct {
	b *testing.B
	size
}

// Fetch implements connectors.Source.
func (c *company) Fetch(_ context.Context, _ directory.Cursor, put func(*directory.Record) error) (directory.Receipt, error) {
	add := func(r *directory.Record) {
		if err := put(r); err != nil {
			c.b.Fatal(err)
		}
	}
	for i := range c.people {
		add(&directory.Record{Kind: directory.PersonIs, ID: personID(i), Email: mail(i), Name: fmt.Sprintf("Person Number %d", i), Active: directory.Yes,
			Handles: []directory.Ref{{Kind: directory.ByDN, Value: dn(i)}},
			Attrs:   []directory.Attr{{Name: "department", Values: []string{fmt.Sprintf("dept-%d", i%40)}}}})
	}
	for g := range c.groups {
		add(&directory.Record{Kind: directory.GroupIs, ID: fmt.Sprintf("g%05d", g), Name: fmt.Sprintf("group-%d", g)})
	}
	for i := range c.people {
		for k := range c.per {
			add(&directory.Record{Kind: directory.MemberIs, ID: fmt.Sprintf("g%05d", groupOf(c.size, i, k)), Member: directory.Ref{Kind: directory.ByDN, Value: dn(i)}})
		}
	}
	return directory.Receipt{Coverage: directory.Complete, At: at}, nil
}

func personID(i int) string { return fmt.Sprintf("%08x-3f2a-4a3e-9d51-6f0000000000", i) }
func mail(i int) string     { return fmt.Sprintf("person%07d@example.com", i) }
func dn(i int) string       { return fmt.Sprintf("uid=person%07d,ou=people,dc=example,dc=com", i) }

// groupOf spreads people over groups.
func groupOf(s size, i, k int) int { return (i + k*(s.groups/s.per)) % s.groups }

func compile(b *testing.B, s size) *mapping.Rules {
	spec := mapping.Spec{Installation: "bench", Zone: time.UTC, Precedence: []string{"corp"},
		Sources: []mapping.Source{{Name: "corp", ID: "corp", Attributes: []mapping.Attribute{{Name: "department", From: "department"}}}}}
	for g := range s.groups {
		name := fmt.Sprintf("kisi-%05d", g)
		spec.Groups = append(spec.Groups, mapping.Group{Name: name, Members: true})
		rule := mapping.Rule{Name: "rule-" + name, From: mapping.Selector{Source: "corp", Group: fmt.Sprintf("g%05d", g)}, Grant: []string{name}, Role: access.DoorAccess}
		if g%10 == 0 {
			rule.Where = `person.department != "dept-none"`
		}
		spec.Rules = append(spec.Rules, rule)
	}
	rules, problems := mapping.Compile(spec)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	return rules
}

func catalog(s size) *access.Catalog {
	c := &access.Catalog{Roles: []string{"group_basic", "group_manager"}}
	for g := range s.groups {
		c.Groups = append(c.Groups, access.Group{ID: access.RemoteID(g + 1), Name: fmt.Sprintf("kisi-%05d", g)})
	}
	return c
}

// mirror makes the state in which everybody holds what the rules say, but one in a hundred holds another group, and one in a hundred
// is not there yet.
func mirror(b *testing.B, s size, view *directory.View, rules *mapping.Rules, catalog *access.Catalog) (*access.Ledger, *access.State) {
	result := rules.Map(mapping.Input{People: view, Catalog: catalog, At: at})
	observed := &access.State{Covers: access.Scope{All: true}, Groups: catalog.Groups, At: access.At(at)}
	var accounts []access.Account
	assignment := access.RemoteID(1)
	for i := range result.Desired.Wishes {
		w := &result.Desired.Wishes[i]
		if i%100 == 1 {
			continue
		}
		m := access.Member{ID: access.RemoteID(i + 1), Email: w.Email, Name: w.Name, Enabled: true}
		a := access.Account{Link: access.Link{Anchors: w.Anchors, Level: access.Created, Name: w.Name}}
		for k, g := range w.Grants {
			group := access.RemoteID(g.Group + 1)
			if i%100 == 0 && k == 0 {
				group = access.RemoteID((int(g.Group)+1)%s.groups + 1)
			}
			m.Grants = append(m.Grants, access.Grant{Assignment: assignment, Group: group, Role: access.DoorAccess})
			a.Owned = append(a.Owned, access.OwnedGrant{Group: group, Assignment: assignment, Level: access.Created, Role: access.DoorAccess,
				Cause: &result.Desired.Causes[g.Cause]})
			assignment++
		}
		access.SortGrants(m.Grants)
		sortOwned(a.Owned)
		a.Known = m
		a.Known.Grants = slices.Clone(m.Grants) // what is remembered and what is observed are read apart
		accounts = append(accounts, a)
		observed.Members = append(observed.Members, m)
	}
	return access.NewLedger(accounts, nil), observed
}

func sortOwned(all []access.OwnedGrant) {
	for i := 1; i < len(all); i++ {
		for k := i; k > 0 && all[k].Group < all[k-1].Group; k-- {
			all[k], all[k-1] = all[k-1], all[k]
		}
	}
}

// resident reads a figure of this process in KB; Linux only (proc(5)).
func resident(b *testing.B, name string) int { return residentOf(b, os.Getpid(), name) }

func residentOf(b *testing.B, pid int, name string) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				b.Fatal(err)
			}
			return kb
		}
	}
	return 0
}

// resetPeak makes the kernel measure the peak anew (proc(5), clear_refs).
func resetPeak(b *testing.B) { resetPeakOf(b, os.Getpid()) }

func resetPeakOf(b *testing.B, pid int) {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		b.Log("the peak counts what came before:", err)
	}
}
