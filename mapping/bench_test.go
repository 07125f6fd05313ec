package mapping

import (
	"fmt"
	"testing"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// size is how large a generated organization is.
type size struct{ people, groups, each int } // each: memberships of a person

func (s size) String() string {
	return fmt.Sprintf("people=%d/groups=%d/memberships=%d", s.people, s.groups, s.people*s.each)
}

// generate makes a directory, rules for every one of its groups, and an organization that holds them.
func generate(t testing.TB, s size) (*Rules, Input) {
	spec := Spec{Sources: []Source{{Name: "corp", ID: "corp", Attributes: []Attribute{{Name: "department", From: "dept"}}}}, Zone: time.UTC}
	catalog := &access.Catalog{}
	b := directory.Build("corp", nil)
	put := func(r directory.Record) {
		if err := b.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	for g := range s.groups {
		name := fmt.Sprintf("g%05d", g)
		spec.Groups = append(spec.Groups, Group{Name: name, Members: true})
		r := Rule{Name: "rule " + name, From: Selector{Source: "corp", Group: name}, Grant: []string{name}}
		if g%5 == 0 {
			r.Where = `person.department != "Nobody"`
		}
		spec.Rules = append(spec.Rules, r)
		catalog.Groups = append(catalog.Groups, access.Group{ID: access.RemoteID(g + 1), Name: name})
		put(directory.Record{Kind: directory.GroupIs, ID: "group-" + name, Name: name})
		put(directory.Record{Kind: directory.MembersFrom, ID: "group-" + name})
	}
	for p := range s.people {
		id := fmt.Sprintf("%016x", uint64(p)*0x9e3779b97f4a7c15)
		put(directory.Record{Kind: directory.PersonIs, ID: id, Email: fmt.Sprintf("person%d@example.com", p), Name: "Person",
			Attrs: []directory.Attr{{Name: "dept", Values: []string{[]string{"IT", "HR", "Sales"}[p%3]}}}})
		for k := range s.each {
			g := (p*7 + k*(s.groups/s.each+1)) % s.groups
			put(directory.Record{Kind: directory.MemberIs, ID: fmt.Sprintf("group-g%05d", g), Member: directory.Ref{Kind: directory.ByID, Value: id}})
		}
	}
	snapshot, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: noon()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return mustCompile(t, spec), Input{People: directory.Join(snapshot), Catalog: catalog, At: noon()}
}

// inStep makes the ledger of an organization in which everything is as it should be.
func inStep(in Input, r *Rules) *access.Ledger {
	d := r.Map(in).Desired
	accounts := make([]access.Account, len(d.Wishes))
	for i, w := range d.Wishes {
		a := access.Account{Known: access.Member{ID: access.RemoteID(i + 1), Email: w.Email, Enabled: true},
			Link: access.Link{Anchors: w.Anchors, Level: access.Created}, Owned: make([]access.OwnedGrant, len(w.Grants))}
		for k, g := range w.Grants {
			a.Owned[k] = access.OwnedGrant{Group: d.Groups[g.Group].ID, Assignment: 1, Level: access.Created, Role: g.Role, Cause: &d.Causes[g.Cause]}
		}
		accounts[i] = a
	}
	return access.NewLedger(accounts, nil)
}

func BenchmarkMap(b *testing.B) {
	sizes := []size{{5_000, 500, 10}, {50_000, 500, 10}}
	if !testing.Short() {
		sizes = append(sizes, size{1_000_000, 5_000, 5})
	}
	for _, s := range sizes {
		rules, in := generate(b, s)
		b.Run("first/"+s.String(), func(b *testing.B) { benchmarkMap(b, rules, in) })
		in.Owned = inStep(in, rules)
		b.Run("steady/"+s.String(), func(b *testing.B) { benchmarkMap(b, rules, in) })
	}
}

func benchmarkMap(b *testing.B, rules *Rules, in Input) {
	b.ReportAllocs()
	for b.Loop() {
		out := rules.Map(in)
		if len(out.Desired.Wishes) != in.People.People() || len(out.Conflicts) > 0 {
			b.Fatalf("%d wishes, %d conflicts", len(out.Desired.Wishes), len(out.Conflicts))
		}
	}
}

func BenchmarkExpression(b *testing.B) {
	for _, text := range []string{
		`person.department == "IT"`, `person.department in ["IT", "HR", "Sales"] and not (person.email endsWith "@x.com")`, `any(person.teams, # startsWith "t")`,
	} {
		e, _, err := compileExpression(text, exampleScope())
		if err != nil {
			b.Fatal(err)
		}
		r, one := mustCompile(b, twoSources()), person("1", "ana@example.com", "departmentNumber", "IT", "ou", "team")
		m := r.prepare(Input{People: directory.Join(read(b, "corp", nil, noon(), one)), At: noon()})
		m.row.person, m.row.known = m.view.Person(0), true
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for i := range e.clauses {
					if ok, err := e.clauses[i].holds(&m.machine, &m.row); !ok || err != nil {
						b.Fatal(ok, err)
					}
				}
			}
		})
	}
}
