package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// oracle decides about people without users in the plainest way, from the records alone, as slowly as it likes. It knows the
// expressions that drawRule makes by heart. It returns "address: group until role; ..." lines.
type oracle struct{ w world }

func (o oracle) lines() []string {
	var lines []string
	for _, mail := range []string{"ana@x.org", "bo@x.org", "cy@x.org", "di@x.org", "ed@x.org", "fo@x.org", "gu@x.org"} {
		if chain := o.chain(mail); len(chain) > 0 && chain[0].record.Active != directory.No {
			if grants := o.grants(chain); len(grants) > 0 || o.w.spec.CreateWithoutDoors {
				lines = append(lines, mail+": "+strings.Join(grants, "; "))
			}
		}
	}
	return lines
}

type sourced struct {
	source string
	record directory.Record
}

// chain returns the records of one human, a before b; nil when two active ones of one source share the address.
func (o oracle) chain(mail string) []sourced {
	var chain []sourced
	for _, s := range []string{"a", "b"} {
		var on, off []directory.Record
		for _, r := range o.w.people[s] {
			switch {
			case strings.ToLower(r.Email) != mail:
			case r.Active == directory.No:
				off = append(off, r)
			default:
				on = append(on, r)
			}
		}
		switch {
		case len(on) > 1:
			return nil
		case len(on) == 1:
			chain = append(chain, sourced{s, on[0]})
		case len(off) > 0:
			chain = append(chain, sourced{s, slices.MinFunc(off, func(a, b directory.Record) int { return strings.Compare(a.ID, b.ID) })})
		}
	}
	return chain
}

func (o oracle) grants(chain []sourced) []string {
	var out []string
	for _, g := range []string{"Contractors", "HQ Staff", "Server Room"} {
		given, until, manager := false, "", false
		for _, r := range o.w.spec.Rules {
			for i, p := range chain {
				if !slices.Contains(r.Grant, g) || p.source != r.From.Source || i > 0 && p.record.Active == directory.No || !o.selects(r, p.record.ID) {
					continue
				}
				ends, ok := o.holds(r, p.record)
				if !ok {
					continue
				}
				if !given || until != "" && (ends == "" || ends > until) {
					until = ends
				}
				given, manager = true, manager || r.Role == access.GroupManager
			}
		}
		if given {
			out = append(out, fmt.Sprintf("%s %s %v", g, until, manager))
		}
	}
	return out
}

func (o oracle) selects(r Rule, id string) bool {
	if r.From.Everyone {
		return true
	}
	return o.within(r.From.Source, strings.TrimPrefix(r.From.Group, nameOf("")), id, 10)
}

// within follows groups in groups to a depth that no path without a circle has.
func (o oracle) within(source, group, id string, depth int) bool {
	for _, r := range o.w.groups[source] {
		if r.Kind == directory.MemberIs && r.ID == group && (r.Member.Value == id || depth > 0 && o.within(source, r.Member.Value, id, depth-1)) {
			return true
		}
	}
	return false
}

// holds says whether a rule gives, and until when ("" for ever).
func (o oracle) holds(r Rule, p directory.Record) (until string, ok bool) {
	value := func(name string) string {
		for _, a := range p.Attrs {
			if a.Name == name {
				return a.Values[0]
			}
		}
		return ""
	}
	dept, level, end := value("d"), value("l"), value("e")
	switch r.Where {
	case "":
		ok = true
	case `person.dept == "IT"`:
		ok = dept == "IT"
	case `person.dept != "IT"`:
		ok = dept != "" && dept != "IT"
	case `not (person.level == "1") and person.dept in ["IT", "HR"]`:
		ok = level == "2" && dept != ""
	case `person.level == "1" or person.dept == "HR"`:
		ok = level == "1" || level != "" && dept == "HR"
	}
	if !ok || r.Until == nil {
		return "", ok
	}
	switch end {
	case "":
		return "", r.Until.Missing == Open
	case "2026-04-01":
		return "2026-04-01", true
	}
	return "", false // soon, or long ago
}

func TestMapSaysWhatANaiveOracleSays(t *testing.T) {
	gave := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		rules, in := w.input(t, inOrder, false)
		d := rules.Map(in).Desired
		var got []string
		for _, wish := range d.Wishes {
			var grants []string
			for _, g := range wish.Grants {
				until := ""
				if g.Until != 0 {
					until = g.Until.Time().Format("2006-01-02")
				}
				grants = append(grants, fmt.Sprintf("%s %s %v", d.Groups[g.Group].Name, until, g.Role == access.GroupManager))
			}
			gave += len(grants)
			got = append(got, wish.Folded+": "+strings.Join(grants, "; "))
		}
		if diff := cmp.Diff(oracle{w}.lines(), got); diff != "" {
			t.Fatal(diff)
		}
	})
	if gave == 0 {
		t.Error("nobody was given anything: the test tries nothing")
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		`person.department == "IT" and not (person.email endsWith "@x.com")`, `any(person.teams, # matches "^t.*$")`, `has(person.starts) ? date(person.starts) <= today : false`,
		`count(person.teams, # == "a") > 1 or len(filter(person.teams, # != "b")) == 0`, `person.department in ["IT", "HR"]`, `lower(person.name) == trim(" x ")`,
		`in_group("Staff") or not in_group("Partners", "contractors")`, `days_since(person.starts) >= 90 and days_until(date("2026-05-01")) < 10`, `date(person.starts) < today`,
	} {
		f.Add(s, "IT", "a")
	}
	f.Fuzz(func(t *testing.T, text, department, team string) {
		spec := twoSources()
		spec.Rules = append(spec.Rules, Rule{Name: "fuzzed", From: Selector{Source: "corp", Everyone: true}, Where: text, Grant: []string{"HQ Staff"}})
		rules, _ := Compile(spec)
		if rules == nil {
			return
		}
		one := person("1", "ana@example.com", "departmentNumber", department, "ou", team, "ou", "b")
		m := rules.prepare(Input{People: directory.Join(read(t, "corp", nil, noon(), one)), At: noon()})
		m.row.person, m.row.known = m.view.Person(0), true
		number, _ := rules.ruleNamed("fuzzed")
		clauses := rules.rules[number].clauses
		for i := range clauses {
			first, err := clauses[i].holds(&m.machine, &m.row)
			second, again := clauses[i].holds(&m.machine, &m.row)
			if first != second || (err == nil) != (again == nil) {
				t.Errorf("%s: %v %v, then %v %v", text, first, err, second, again)
			}
		}
	})
}
