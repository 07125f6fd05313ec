package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// world is a small organization made by chance.
type world struct {
	spec     Spec
	people   map[string][]directory.Record // by source id
	groups   map[string][]directory.Record
	accounts []access.Account
	pins     []access.Pin
	bindings []Binding
	made     []access.Group // in Kisi, beside those of kisi()
	ours     []access.GroupAccount
}

func drawWorld(t *rapid.T) world {
	w := world{people: map[string][]directory.Record{}, groups: map[string][]directory.Record{}}
	w.spec = Spec{CreateWithoutDoors: rapid.Bool().Draw(t, "create"), Leavers: Leavers{Vanished: time.Hour}, Zone: time.UTC, Precedence: []string{"a", "b"}}
	for _, s := range []string{"a", "b"} {
		w.spec.Sources = append(w.spec.Sources, Source{Name: s, ID: s, Attributes: []Attribute{{Name: "dept", From: "d"}, {Name: "level", From: "l"}, {Name: "end", From: "e"},
			{Name: "start", From: "s", Format: "DD.MM.YYYY"}}})
		w.drawSource(t, s)
	}
	for _, g := range kisi().Groups[:3] {
		w.spec.Groups = append(w.spec.Groups, Group{Name: g.Name, Members: true})
	}
	w.drawTemplates(t)
	w.spec.Conditions = []Condition{{"is_it", `person.dept == "IT"`}, {"low", `person.level == "1"`}, {"low_it", "is_it and low"}}
	for i := range rapid.IntRange(1, 5).Draw(t, "rules") {
		w.spec.Rules = append(w.spec.Rules, drawRule(t, i))
	}
	return w
}

func (w *world) drawSource(t *rapid.T, s string) {
	var ids []string
	for i := range rapid.IntRange(0, 5).Draw(t, "people") {
		id := fmt.Sprintf("%s-p%d", s, i)
		ids = append(ids, id)
		r := person(id, drawMail(t))
		r.Active = rapid.SampledFrom([]directory.Tri{directory.Yes, directory.Yes, directory.Unknown, directory.No}).Draw(t, "active")
		for _, a := range []struct{ name, values string }{{"d", "IT HR"}, {"e", "2026-03-10 2026-04-01 soon"}, {"l", "1 2"}, {"s", "13.02.2026 14.02.2026 2026-02-13"}} {
			if v := rapid.SampledFrom(append(strings.Fields(a.values), "")).Draw(t, a.name); v != "" {
				r.Attrs = append(r.Attrs, directory.Attr{Name: a.name, Values: []string{v}})
			}
		}
		w.people[s] = append(w.people[s], r)
	}
	groups := []string{s + "-g0", s + "-g1", s + "-g2"}
	for _, g := range groups {
		var members []string
		if all := append(slices.Clone(ids), groups...); len(all) > 0 {
			members = rapid.SliceOfN(rapid.SampledFrom(all), 0, 5).Draw(t, "members")
		}
		w.groups[s] = append(w.groups[s], group(g, nameOf(g), members...)...)
	}
}

// nameOf is what a group with an id is called.
func nameOf(id string) string { return "The group " + id }

// strict makes everything of the file that decides who is who and what becomes of leavers, beyond what the oracle knows.
func (w *world) strict(t *rapid.T) {
	if rapid.Bool().Draw(t, "by number") {
		w.spec.SamePersonBy = "no"
		for i := range w.spec.Sources {
			w.spec.Sources[i].Attributes = append(w.spec.Sources[i].Attributes, Attribute{Name: "no", From: "n"})
		}
		for _, s := range []string{"a", "b"} {
			for i := range w.people[s] {
				r := &w.people[s][i]
				r.Attrs = append(slices.Clone(r.Attrs), directory.Attr{Name: "n", Values: []string{rapid.SampledFrom([]string{"1", "2", "3", "4", "5", ""}).Draw(t, "number")}})
			}
		}
	}
	wait := func(label string) *time.Duration {
		return rapid.SampledFrom([]*time.Duration{nil, new(time.Duration)}).Draw(t, label)
	}
	w.spec.Leavers.LeftScope, w.spec.Leavers.NoDoors = wait("left scope"), wait("no doors")
	if rapid.Bool().Draw(t, "renamed") {
		w.spec.Sources[0].Was = []string{"old"}
	}
}

// pinSome says blocks and exemptions of some people.
func (w *world) pinSome(t *rapid.T, kinds ...access.PinKind) {
	for range rapid.IntRange(0, 3).Draw(t, "pins") {
		p := access.Pin{Kind: rapid.SampledFrom(kinds).Draw(t, "pin"), Until: access.At(noon()) + rapid.SampledFrom([]access.Instant{0, 1, 60}).Draw(t, "until") - 1}
		p.Anchor = access.Anchor(rapid.SampledFrom([]string{"", "a:a-p0", "a:a-p1", "b:b-p0", "b:b-p1", "old:a-p2", "c:c-p1"}).Draw(t, "anchor"))
		if p.Anchor == "" || rapid.Bool().Draw(t, "with address") {
			p.Email = email.Fold(drawMail(t))
		}
		w.pins = append(w.pins, p)
	}
}

func drawMail(t *rapid.T) string {
	return rapid.SampledFrom([]string{"ana@x.org", "Ana@X.org", "bo@x.org", "cy@x.org", "di@x.org", "ed@x.org", "fo@x.org", "gu@x.org", "", "no address"}).Draw(t, "mail")
}

func drawRule(t *rapid.T, i int) Rule {
	s := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")
	r := Rule{Name: fmt.Sprintf("r%d", i), From: Selector{Source: s, Everyone: true}}
	if g := rapid.IntRange(0, 3).Draw(t, "group"); g < 3 {
		r.From = Selector{Source: s, Group: fmt.Sprintf("%s-g%d", s, g)}
		if rapid.Bool().Draw(t, "by name") {
			r.From.Group = nameOf(r.From.Group)
		}
	}
	r.Where = rapid.SampledFrom([]string{"", "low_it", `not low and is_it`, `in_group("a-g1", "a")`, `not in_group("The group b-g0", "b")`, `days_since(person.start) >= 30`, `person.dept == "IT"`, `person.dept != "IT"`, `not (person.level == "1") and person.dept in ["IT", "HR"]`,
		`person.level == "1" or person.dept == "HR"`}).Draw(t, "where")
	all := []string{"Contractors", "HQ Staff", "Server Room"}
	r.Except = rapid.SampledFrom([][]Exception{nil, nil, {{Group: Selector{Group: s + "-g2"}}}, {{People: []string{"ana@x.org", "b:b-p1"}}}, {{Where: `person.level == "2"`}, {Group: Selector{Source: "b", Group: "b-g1"}}}}).Draw(t, "except")
	if rapid.IntRange(0, 4).Draw(t, "exclude") == 0 {
		r.Exclude = rapid.SampledFrom([][]string{{"HQ Staff"}, {"Dept {{person.dept}}", "Contractors"}, {"Any {{person.dept}}"}, {"Dept IT"}}).Draw(t, "from what")
		return r
	}
	r.Grant = slices.Clone(all[:rapid.IntRange(1, 3).Draw(t, "grants")])
	if rapid.Bool().Draw(t, "template") {
		r.Grant = append(r.Grant, "Dept {{person.dept}}")
	}
	if s == "a" && rapid.Bool().Draw(t, "open template") {
		r.Grant = append(r.Grant, "Any {{person.dept}}")
	}
	if rapid.Bool().Draw(t, "dated") {
		r.Until = rapid.SampledFrom([]*Date{{Attribute: "end", Missing: Refuse}, {Attribute: "end", Missing: Open}, {Attribute: "end", Missing: Open, Unreadable: Open},
			{Attribute: "start", Shift: Shift{2, "mo"}}, {Attribute: "start", Shift: Shift{3, "w"}, Unreadable: Open}}).Draw(t, "until")
	}
	if rapid.Bool().Draw(t, "manager") {
		r.Role = access.GroupManager
	}
	return r
}

// input puts the world together; shuffle says in what order.
func (w world) input(t *rapid.T, shuffle func([]directory.Record) []directory.Record, backwards bool) (*Rules, Input) {
	var snapshots []*directory.Snapshot
	for i := range w.spec.Sources {
		s := w.spec.Sources[i].ID
		b := directory.Build(s, nil)
		for _, r := range shuffle(slices.Concat(w.people[s], w.groups[s])) {
			if r.Kind == directory.MembersFrom {
				continue
			}
			if err := b.Put(&r); err != nil {
				t.Fatal(err)
			}
		}
		snapshot, _, err := b.Seal(directory.Receipt{Coverage: directory.Complete, At: noon()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		snapshots = append(snapshots, snapshot)
	}
	spec := w.spec
	if backwards {
		slices.Reverse(snapshots)
		spec.Rules, spec.Sources, spec.Groups = slices.Clone(spec.Rules), slices.Clone(spec.Sources), slices.Clone(spec.Groups)
		spec.Rules = rapid.Permutation(spec.Rules).Draw(t, "rules")
		slices.Reverse(spec.Sources)
		slices.Reverse(spec.Groups)
		spec.Conditions = slices.Clone(spec.Conditions)
		slices.Reverse(spec.Conditions)
	}
	rules, problems := Compile(spec)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	pins, bindings := slices.Clone(w.pins), slices.Clone(w.bindings)
	if backwards {
		slices.Reverse(pins)
		slices.Reverse(bindings)
	}
	return rules, Input{People: directory.Join(snapshots...), Owned: access.NewLedger(w.accounts, w.ours), Catalog: w.catalog(), Pins: pins, Bindings: bindings, At: noon()}
}

func (w *world) catalog() *access.Catalog {
	c := roles(kisi())
	c.Groups = append(c.Groups, w.made...)
	return c
}

// drawTemplates declares groups that are made of the department.
func (w *world) drawTemplates(t *rapid.T) {
	listed := rapid.SampledFrom([][]string{{"IT"}, {"HR", "IT"}}).Draw(t, "listed")
	if !slices.Contains(listed, "IT") {
		t.Fatal("the oracle knows of this one")
	}
	w.spec.Groups = append(w.spec.Groups, Group{Name: "Dept {{person.dept}}", Members: true, Create: true, OneOf: listed}, Group{Name: "Any {{person.dept}}", Members: true, Create: true, AnyOf: true})
}

func inOrder(r []directory.Record) []directory.Record { return r }

// settle makes the ledger that there is after everything was done, with a few links and rights that chance adds.
func (w *world) settle(t *rapid.T) {
	rules, in := w.input(t, inOrder, false)
	out := rules.Map(in)
	d := out.Desired
	w.bindings = out.Bindings
	for i := range d.Groups {
		if g := &d.Groups[i]; g.ID == 0 && g.Create && g.Problem == "" {
			g.ID = access.RemoteID(900 + i)
			w.made = append(w.made, access.Group{ID: g.ID, Name: g.Name})
		}
	}
	for i, wish := range d.Wishes {
		a := access.Account{Known: access.Member{ID: access.RemoteID(i + 1), Email: wish.Email, Enabled: true}, Link: access.Link{Anchors: wish.Anchors, Level: access.Created}}
		a.Known.Name, a.Link.Name = wish.Name, wish.Name
		if len(wish.Grants) == 0 && rapid.Bool().Draw(t, "bare") {
			a.Link.Bare = access.At(noon())
		}
		if a.Link.Anchors = slices.Clone(a.Link.Anchors); len(w.spec.Sources[0].Was) > 0 && rapid.Bool().Draw(t, "old anchor") {
			for k, anchor := range a.Link.Anchors {
				a.Link.Anchors[k] = access.Anchor(strings.Replace(string(anchor), "a:", "old:", 1))
			}
		}
		for _, g := range wish.Grants {
			if !g.Unsure {
				a.Owned = append(a.Owned, access.OwnedGrant{Group: d.Groups[g.Group].ID, Level: access.Created, Role: g.Role, From: g.From, Until: g.Until, Cause: &d.Causes[g.Cause]})
			}
		}
		slices.SortFunc(a.Owned, func(x, y access.OwnedGrant) int { return int(x.Group - y.Group) })
		w.accounts = append(w.accounts, a)
	}
}

func TestTheOrderOfInputNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.strict(t)
		if rapid.Bool().Draw(t, "settled") {
			w.settle(t)
			w.disturb(t)
		}
		w.pinSome(t, access.Block, access.Exempt)
		rules, in := w.input(t, inOrder, false)
		want := rules.Map(in)
		for _, backwards := range []bool{false, true} {
			rules, in = w.input(t, func(r []directory.Record) []directory.Record { return rapid.Permutation(r).Draw(t, "order") }, backwards)
			got := rules.Map(in)
			if a, b := asBytes(t, want), asBytes(t, got); a != b {
				t.Fatalf("backwards %v: %s", backwards, cmp.Diff(want, got))
			}
		}
	})
}

func asBytes(t *rapid.T, r Result) string {
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestWhatWasDoneOnceIsDone: when everything is as it should be, nothing is left to do.
func TestWhatWasDoneOnceIsDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.settle(t)
		rules, in := w.input(t, inOrder, false)
		d := rules.Map(in).Desired
		ledger := access.NewLedger(w.accounts, nil)
		for _, wish := range d.Wishes {
			a, ok := ledger.Account(wish.Member)
			if !ok || len(wish.Losses) > 0 {
				t.Fatalf("%+v: %q", wish, tell(d))
			}
			for _, g := range wish.Grants {
				if o, ok := a.Grant(d.Groups[g.Group].ID); !g.Unsure && (!ok || o.Role != g.Role || o.From != g.From || o.Until != g.Until || o.Cause.Mark != d.Causes[g.Cause].Mark) {
					t.Fatalf("%s: %+v, done was %+v", d.Groups[g.Group].Name, g, o)
				}
			}
		}
	})
}

// disturb changes something about the people after everything was settled.
func (w *world) disturb(t *rapid.T) {
	for _, s := range []string{"a", "b"} {
		w.people[s] = slices.Clone(w.people[s])
		for i := range w.people[s] {
			if rapid.Bool().Draw(t, "disturbed") {
				w.people[s][i].Email = drawMail(t)
				w.people[s][i].Active = rapid.SampledFrom([]directory.Tri{directory.Yes, directory.No}).Draw(t, "active")
			}
		}
	}
}

// TestNoReadThatSaysLessTakesAnythingAway: whatever is only missing, unreadable or contradictory is no reason to take a door away.
func TestNoReadThatSaysLessTakesAnythingAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.strict(t)
		w.settle(t)
		w.pinSome(t, access.Exempt)
		rules, in := w.input(t, inOrder, false)
		if hasTakings(rules.Map(in).Desired) {
			return // people who are disabled from the start
		}
		var unread []string
		switch rapid.SampledFrom([]string{"attributes", "dates", "unread", "absent", "mail", "twins", "selectors", "catalog", "renamed", "remade"}).Draw(t, "harm") {
		case "attributes":
			w.eachPerson(t, func(r *directory.Record) { r.Attrs = r.Attrs[:rapid.IntRange(0, len(r.Attrs)).Draw(t, "kept")] })
		case "dates":
			w.eachPerson(t, func(r *directory.Record) {
				if i := slices.IndexFunc(r.Attrs, func(a directory.Attr) bool { return a.Name == "e" }); i >= 0 {
					r.Attrs = slices.Clone(r.Attrs)
					r.Attrs[i].Values = []string{rapid.SampledFrom([]string{"31.3.2026", "", "never"}).Draw(t, "date")}
				}
			})
		case "unread":
			unread = []string{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")}
		case "absent":
			unread = []string{"absent", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")}
		case "mail":
			w.eachPerson(t, func(r *directory.Record) { r.Email = rapid.SampledFrom([]string{"", "no address"}).Draw(t, "mail") })
		case "twins":
			w.eachPerson(t, func(r *directory.Record) {
				if r.Active != directory.No { // nobody else has this address: a disabled one who had would be no mere lack
					r.Email = "twin@x.org"
				}
			})
		case "selectors":
			w.groups = map[string][]directory.Record{}
		case "renamed":
			w.eachGroup(t, func(r *directory.Record) { r.Name, r.Handles = "Another name of "+r.ID, nil })
		case "remade":
			w.remake(t)
		}
		rules, in = w.input(t, inOrder, false)
		if len(unread) == 2 {
			in.People = directory.Join(slices.DeleteFunc(slices.Collect(in.People.Sources()), func(s *directory.Snapshot) bool { return s.Source() == unread[1] })...)
			unread = nil
		}
		in.Unread = unread
		if rapid.Bool().Draw(t, "no catalog") {
			in.Catalog = nil
		}
		out := rules.Map(in)
		if hasTakings(out.Desired) || narrows(w.accounts, out.Desired) {
			t.Fatalf("%s\n%+v", strings.Join(tell(out.Desired), "\n"), out.Conflicts)
		}
	})
}

func (w *world) eachPerson(t *rapid.T, harm func(*directory.Record)) {
	for _, s := range []string{"a", "b"} {
		w.people[s] = slices.Clone(w.people[s])
		for i := range w.people[s] {
			if rapid.Bool().Draw(t, "harmed") {
				harm(&w.people[s][i])
			}
		}
	}
}

func (w *world) eachGroup(t *rapid.T, harm func(*directory.Record)) {
	for _, s := range []string{"a", "b"} {
		w.groups[s] = slices.Clone(w.groups[s])
		for i := range w.groups[s] {
			if w.groups[s][i].Kind == directory.GroupIs && rapid.Bool().Draw(t, "harmed") {
				harm(&w.groups[s][i])
			}
		}
	}
}

// remake has somebody delete groups and make others of the same names, without members. Groups in groups are spared: who is lost with
// one of those was really taken out.
func (w *world) remake(t *rapid.T) {
	inside := func(id string) bool {
		named := func(r directory.Record) bool { return r.Kind == directory.MemberIs && r.Member.Value == id }
		return slices.ContainsFunc(w.groups["a"], named) || slices.ContainsFunc(w.groups["b"], named)
	}
	w.eachGroup(t, func(r *directory.Record) {
		if !inside(r.ID) {
			r.ID += "-new"
		}
	})
	for _, s := range []string{"a", "b"} {
		w.groups[s] = slices.DeleteFunc(w.groups[s], func(r directory.Record) bool {
			return r.Kind != directory.GroupIs && !slices.ContainsFunc(w.groups[s], func(g directory.Record) bool { return g.Kind == directory.GroupIs && g.ID == r.ID })
		})
	}
}

// hasTakings says that somebody is to lose something.
func hasTakings(d *access.Desired) bool {
	return slices.ContainsFunc(d.Wishes, func(w access.Wish) bool { return len(w.Losses) > 0 || w.Standing == access.Suspend })
}

// narrows says that somebody who keeps a right keeps it for less.
func narrows(accounts []access.Account, d *access.Desired) bool {
	l := access.NewLedger(accounts, nil)
	for _, w := range d.Wishes {
		a, ok := l.Account(w.Member)
		if !ok {
			continue
		}
		for _, g := range w.Grants {
			o, ok := a.Grant(d.Groups[g.Group].ID)
			if ok && !g.Unsure && (!g.Role.Covers(o.Role) || g.From > o.From || g.Until-1 < o.Until-1) {
				return true
			}
		}
	}
	return false
}
