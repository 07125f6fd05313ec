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
// expressions and dates that drawRule makes by heart. It returns "address: group until role; ..." lines.
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
	barred := o.barred(chain)
	for _, g := range []string{"Contractors", "HQ Staff", "Server Room", "Dept HR", "Dept IT", "Any HR", "Any IT"} {
		given, until, manager := false, "", false
		for _, r := range o.w.spec.Rules {
			for i, p := range chain {
				if slices.Contains(barred, g) || !o.names(r.Grant, g, p.record) || p.source != r.From.Source || i > 0 && p.record.Active == directory.No || !o.selects(r, p.record.ID) {
					continue
				}
				ends, verdict := o.holds(r, p.record, chain)
				if verdict != "yes" {
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
	slices.Sort(out)
	return out
}

// names says that a list of groups, some of them made of the department, names one for a person.
func (o oracle) names(list []string, group string, p directory.Record) bool {
	dept := valueOf(p, "d")
	for _, name := range list {
		made := strings.ReplaceAll(name, "{{person.dept}}", dept)
		if made != group || name != made && dept == "" {
			continue
		}
		for _, g := range o.w.spec.Groups {
			if g.Name == name && (name == made || g.AnyOf || slices.Contains(g.OneOf, dept)) {
				return true
			}
		}
	}
	return false
}

// barred returns the groups from which a rule excludes somebody, or may.
func (o oracle) barred(chain []sourced) (groups []string) {
	for _, r := range o.w.spec.Rules {
		for i, p := range chain {
			if len(r.Exclude) == 0 || p.source != r.From.Source || i > 0 && p.record.Active == directory.No || !o.selects(r, p.record.ID) {
				continue
			}
			if _, verdict := o.holds(r, p.record, chain); verdict == "no" {
				continue
			}
			for _, name := range r.Exclude {
				groups = append(groups, strings.ReplaceAll(name, "{{person.dept}}", "IT"), strings.ReplaceAll(name, "{{person.dept}}", "HR"))
			}
		}
	}
	return groups
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

// isIn says that somebody is in a group of a source.
func (o oracle) isIn(chain []sourced, source, group string) bool {
	return slices.ContainsFunc(chain, func(p sourced) bool { return p.source == source && o.within(source, group, p.record.ID, 10) })
}

func valueOf(p directory.Record, name string) string {
	for _, a := range p.Attrs {
		if a.Name == name {
			return a.Values[0]
		}
	}
	return ""
}

// holds says whether a rule gives (yes, no, or ? where it cannot be said), and until when ("" for ever).
func (o oracle) holds(r Rule, p directory.Record, chain []sourced) (until, verdict string) {
	if verdict = o.condition(r.Where, p, chain); verdict != "yes" {
		return "", verdict
	}
	for _, x := range r.Except {
		switch except := o.except(x, r, p, chain); except {
		case "yes":
			return "", "no"
		case "?":
			return "", "?"
		}
	}
	return endsOf(r.Until, valueOf(p, "e"), valueOf(p, "s"))
}

func (o oracle) except(x Exception, r Rule, p directory.Record, chain []sourced) string {
	source := x.Group.Source
	if source == "" {
		source = r.From.Source
	}
	switch {
	case x.Group.Group != "" && o.isIn(chain, source, x.Group.Group), slices.Contains(x.People, strings.ToLower(chain[0].record.Email)):
		return "yes"
	case x.Where != "":
		return o.condition(x.Where, p, chain)
	}
	for _, c := range chain {
		if slices.Contains(x.People, c.source+":"+c.record.ID) {
			return "yes"
		}
	}
	return "no"
}

// allOf: all of them must be so, the first one that is not decides.
func allOf(verdicts ...string) string {
	for _, v := range verdicts {
		if v != "yes" {
			return v
		}
	}
	return "yes"
}

func isIt(value, want string) string {
	switch value {
	case "":
		return "?"
	case want:
		return "yes"
	}
	return "no"
}

func notSo(verdict string) string {
	return map[string]string{"yes": "no", "no": "yes", "?": "?"}[verdict]
}

func (o oracle) condition(text string, p directory.Record, chain []sourced) string {
	dept, level, start := valueOf(p, "d"), valueOf(p, "l"), valueOf(p, "s")
	yes := func(b bool) string { return map[bool]string{true: "yes", false: "no"}[b] }
	switch text {
	case "":
		return "yes"
	case `person.dept == "IT"`:
		return isIt(dept, "IT")
	case `person.dept != "IT"`:
		return notSo(isIt(dept, "IT"))
	case `not (person.level == "1") and person.dept in ["IT", "HR"]`:
		return allOf(notSo(isIt(level, "1")), notSo(isIt(dept, "Neither")))
	case `person.level == "1" or person.dept == "HR"`:
		if v := isIt(level, "1"); v != "no" {
			return v
		}
		return isIt(dept, "HR")
	case `person.level == "2"`:
		return isIt(level, "2")
	case "low_it":
		return allOf(isIt(dept, "IT"), isIt(level, "1"))
	case "not low and is_it":
		return allOf(notSo(isIt(level, "1")), isIt(dept, "IT"))
	case `in_group("a-g1", "a")`:
		return yes(o.isIn(chain, "a", "a-g1"))
	case `not in_group("The group b-g0", "b")`:
		return yes(!o.isIn(chain, "b", "b-g0"))
	case `days_since(person.start) >= 30`:
		if start == "2026-02-13" { // not as it was declared
			return "?"
		}
		return isIt(start, "13.02.2026")
	}
	panic(text)
}

// endsOf says until when a date lets somebody have something on the 15th of March 2026.
func endsOf(d *Date, end, start string) (until, verdict string) {
	months := map[string]string{"13.02.2026": "2026-04-13", "14.02.2026": "2026-04-14"}
	switch {
	case d == nil:
		return "", "yes"
	case d.Attribute == "start" && start == "":
		return "", "?"
	case d.Attribute == "start" && months[start] == "" && d.Unreadable == Open, d.Attribute == "end" && end == "soon" && d.Unreadable == Open,
		d.Attribute == "end" && end == "" && d.Missing == Open:
		return "", "yes"
	case d.Attribute == "start" && months[start] == "", d.Attribute == "end" && (end == "soon" || end == ""):
		return "", "?"
	case d.Attribute == "start" && d.Shift.Unit == "mo":
		return months[start], "yes"
	case end == "2026-04-01" && d.Attribute == "end":
		return end, "yes"
	}
	return "", "no" // three weeks after, or long ago
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
			slices.Sort(grants)
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
